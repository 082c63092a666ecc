#include "group/replica_info.h"

#include <utility>

#include "wire/envelope.h"

namespace tandem::group {

std::string info_question() {
  std::string payload;
  wire::Request request;
  request.method = wire::Method::kWorkerInfo;
  wire::encode(request, payload);
  return payload;
}

std::optional<wire::Json> told_info(const Result<std::string_view>& answer) {
  wire::Response response;
  if (!answer || !wire::decode(*answer, response) || response.status != 200) return std::nullopt;
  auto told = wire::parse_json(response.body);
  return told ? std::optional(std::move(*told)) : std::nullopt;
}

}  // namespace tandem::group

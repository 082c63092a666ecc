#include "http/recorded_exchange.h"

namespace tandem::http {

std::string RecordedExchange::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return {};
}

void RecordedExchange::answer(const Response& response) {
  status = response.status;
  content_type = response.content_type;
  body = response.body;
  headers.clear();
  for (const NameValue& each : response.headers) headers.emplace_back(each.name, each.value);
}

void RecordedExchange::abandon() {
  abandoned = true;
  status = 500;
}

void RecordedExchange::begin_stream(std::string_view type, std::span<const NameValue> extra) {
  answer({.status = 200, .content_type = type, .body = {}, .headers = extra});
  streaming = true;
}

bool RecordedExchange::stream_write(std::string_view bytes) {
  body += bytes;
  return true;
}

void RecordedExchange::end_stream() { stream_ended = true; }

}  // namespace tandem::http

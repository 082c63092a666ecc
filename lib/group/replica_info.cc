#include "group/replica_info.h"

#include <memory>
#include <utility>

#include "wire/envelope.h"

namespace tandem::group {
namespace {

constexpr uint64_t kTimeoutMs = 500;

// Shared by the completions of the calls to the replicas: with the last one it is done.
struct Round {
  std::function<void(const ReplicaLink&, const wire::Json*)> each;
  UniqueFunction<void()> done;
  ~Round() { done(); }
};

}  // namespace

void ask_replicas(Replicas& replicas,
                  std::function<void(const ReplicaLink&, const wire::Json* told)> each,
                  UniqueFunction<void()> done) {
  const auto round = std::make_shared<Round>();
  round->each = std::move(each);
  round->done = std::move(done);
  const std::string question = info_question();
  for (auto& [id, replica] : replicas.all()) {
    replica.link->call(question, kTimeoutMs,
                       [round, &replicas, id = id](const Result<std::string_view>& answer) {
                         const ReplicaLink* still = replicas.find(id);
                         if (still == nullptr) return;
                         const auto told = told_info(answer);
                         round->each(*still, told ? &*told : nullptr);
                       });
  }
}

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

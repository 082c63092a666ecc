#include "worker_info.h"

#include <memory>
#include <string>
#include <utility>

#include "wire/envelope.h"

namespace tandem::orch {
namespace {

constexpr uint64_t kTimeoutMs = 500;

// Shared by the completions of the calls to the workers: with the last one it is done.
struct Round {
  std::function<void(const group::ReplicaLink&, const wire::Json*)> each;
  UniqueFunction<void()> done;
  ~Round() { done(); }
};

}  // namespace

void ask_workers(Orchestrator& orchestrator,
                 std::function<void(const group::ReplicaLink&, const wire::Json* told)> each,
                 UniqueFunction<void()> done) {
  const auto round = std::make_shared<Round>();
  round->each = std::move(each);
  round->done = std::move(done);
  std::string payload;
  wire::Request request;
  request.method = wire::Method::kWorkerInfo;
  wire::encode(request, payload);
  for (auto& [id, worker] : orchestrator.workers().all()) {
    worker.link->call(payload, kTimeoutMs,
                      [round, &orchestrator, id = id](Result<std::string_view> answer) {
                        const group::ReplicaLink* still = orchestrator.workers().find(id);
                        if (still == nullptr) return;
                        wire::Response response;
                        if (!answer || !wire::decode(*answer, response))
                          return round->each(*still, nullptr);
                        const auto told = wire::parse_json(response.body);
                        round->each(*still, told ? &*told : nullptr);
                      });
  }
}

}  // namespace tandem::orch

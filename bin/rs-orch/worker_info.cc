#include "worker_info.h"

#include <memory>
#include <string>
#include <utility>

#include "group/replica_info.h"

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
  const std::string question = group::info_question();
  for (auto& [id, worker] : orchestrator.workers().all()) {
    worker.link->call(question, kTimeoutMs,
                      [round, &orchestrator, id = id](Result<std::string_view> answer) {
                        const group::ReplicaLink* still = orchestrator.workers().find(id);
                        if (still == nullptr) return;
                        const auto told = group::told_info(answer);
                        round->each(*still, told ? &*told : nullptr);
                      });
  }
}

}  // namespace tandem::orch

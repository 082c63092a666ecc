#include "query_runner.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace tandem::worker {
namespace {

// In rows looked at (db/meter.h). All reads of a turn of the loop together, and what each may cost
// whatever the others did: a row by its key, some by an index.
constexpr uint64_t kTurnCost = 10'000;
constexpr uint64_t kSmallCost = 100;
constexpr size_t kSmallBytes = size_t{64} << 10;  // of a query: reading its text takes time as well

constexpr size_t kMaxWaiting = 256;
constexpr size_t kMaxWaitingBytes = size_t{16} << 20;
constexpr uint64_t kRoomMs = 2;  // between looks whether there is room

}  // namespace

void QueryRunner::read(std::string_view query, rpc::Peer peer, int64_t deadline_ns, Done done) {
  if (query.size() <= kSmallBytes && answer_at_once(query, done)) return;
  if (waiting_.size() >= kMaxWaiting || waiting_bytes_ + query.size() > kMaxWaitingBytes) {
    done(fail(ErrorKind::kBusy, "too many large reads wait"), 0);
    return;
  }
  waiting_bytes_ += query.size();
  waiting_.push_back({std::string(query), peer, deadline_ns, std::move(done)});
  start_next();
}

// False where it costs too much for that.
bool QueryRunner::answer_at_once(std::string_view query, Done& done) {
  const uint64_t limit = database_.limits().read_cost;
  const uint64_t allowed = turn_cost_ < kTurnCost ? kTurnCost - turn_cost_ : 0;
  db::Meter meter(std::min(limit, std::max(allowed, kSmallCost)));
  auto answer = database_.query(query, meter);
  turn_cost_ += meter.used();
  if (meter.over() && meter.allowed() < limit) return false;
  done(std::move(answer), replica_.applied_index());
  return true;
}

// The first whose asker has taken most of the answers before: what a controller asks goes behind
// them, and must not wait for long.
void QueryRunner::start_next() {
  if (running_) return;
  drop_expired();
  const auto next = std::find_if(waiting_.begin(), waiting_.end(), [this](const Large& large) {
    return !queued_ || queued_(large.peer) <= kMaxQueuedBytes;
  });
  if (next == waiting_.end()) {
    if (!waiting_.empty()) wait_for_room_.start(kRoomMs);
    return;
  }
  Large large = std::move(*next);
  waiting_.erase(next);
  waiting_bytes_ -= large.query.size();
  start(std::move(large));
}

void QueryRunner::drop_expired() {
  const int64_t now_ns = system_clock().boot_ns();
  std::vector<Done> expired;
  std::erase_if(waiting_, [&](Large& large) {
    if (now_ns < large.deadline_ns) return false;
    waiting_bytes_ -= large.query.size();
    expired.push_back(std::move(large.done));
    return true;
  });
  for (Done& done : expired) {
    done(fail(ErrorKind::kBusy, "the read waited too long behind other large reads"), 0);
  }
}

// The picture is of now, which is later than when the read was asked for.
void QueryRunner::start(Large next) {
  struct Job {
    db::Database picture;
    std::string query;
    Result<std::string> answer;
  };
  running_ = true;
  ++large_reads_;
  auto job = std::make_shared<Job>(Job{database_, std::move(next.query), {}});
  background_.run(
      [this, job] {
        db::Meter meter(job->picture.limits().read_cost, [this] { return background_.stopping(); });
        job->answer = job->picture.query(job->query, meter);
        job->picture = db::Database();  // freed here, where nobody waits for that
      },
      [this, job, index = replica_.applied_index(), done = std::move(next.done)]() mutable {
        running_ = false;
        done(std::move(job->answer), index);
        start_next();
      });
}

}  // namespace tandem::worker

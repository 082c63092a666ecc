#include "sim/record_store.h"

#include <algorithm>
#include <utility>

namespace tandem::sim {
namespace {

constexpr int64_t kTimeoutNs = 100 * kMs;

bool has_another(const repl::Record& record, const repl::Member& member,
                 const std::vector<repl::Member>& disks) {
  return std::any_of(record.in_sync.begin(), record.in_sync.end(), [&](const auto& other) {
    return other != member && std::find(disks.begin(), disks.end(), other) != disks.end();
  });
}

}  // namespace

void RecordStore::create(const repl::Record& record) {
  checks_.record_changes(nullptr, record);
  record_ = record;
}

void RecordStore::swap(const repl::Swap& swap, UniqueFunction<void(bool)> done) {
  const uint64_t number = ++last_request_;
  Request& request = requests_[number];
  request.swap = swap;
  request.done = std::move(done);
  request.refused = !healed_ && random_.chance(plan_.refused_swap);
  const bool late = !healed_ && random_.chance(plan_.late_swap);
  const bool reply_lost = !healed_ && random_.chance(plan_.lost_reply);
  const int64_t delay = random_.between<int64_t>(kMs / 10, (late ? 1000 : 20) * kMs);
  // Scheduled first: where both are due at once, the caller is told before it happens.
  const int64_t patience = reply_lost ? random_.between<int64_t>(kMs / 10, delay) : kTimeoutNs;
  schedule_.after(patience, [this, number] { give_up(number); });
  schedule_.after(delay, [this, number] { carry_out(number); });
}

void RecordStore::carry_out(uint64_t number) {
  auto request = requests_.extract(number);
  const repl::Swap& swap = request.mapped().swap;
  const bool applied = !request.mapped().refused && swap.expected_version == record_->version;
  trace_.note("swap expected epoch leader members applied:",
              {swap.expected_version, swap.record.epoch, swap.record.leader,
               swap.record.in_sync.size(), applied ? 1U : 0U});
  if (applied) {
    checks_.record_changes(&*record_, swap.record);
    record_ = swap.record;
  }
  if (request.mapped().done) request.mapped().done(applied);
}

// The caller waits no longer; the swap may be carried out yet.
void RecordStore::give_up(uint64_t number) {
  const auto it = requests_.find(number);
  if (it == requests_.end()) return;
  UniqueFunction<void(bool)> done = std::move(it->second.done);
  it->second.done = nullptr;
  done(false);
}

void RecordStore::read(UniqueFunction<void(const std::optional<repl::Record>&)> done) {
  const bool failed = !healed_ && random_.chance(plan_.failed_read);
  // The value is of now; what changes it while the answer travels makes the answer old.
  std::optional<repl::Record> value;
  if (!failed) value = record_;
  schedule_.after(random_.between<int64_t>(kMs / 10, (healed_ ? 10 : 60) * kMs),
                  [value = std::move(value), done = std::move(done)]() mutable { done(value); });
}

bool RecordStore::can_do_without(const repl::Member& member,
                                 const std::vector<repl::Member>& disks) const {
  if (!has_another(*record_, member, disks)) return false;
  return std::all_of(requests_.begin(), requests_.end(), [&](const auto& request) {
    return request.second.swap.expected_version < record_->version ||
           has_another(request.second.swap.record, member, disks);
  });
}

}  // namespace tandem::sim

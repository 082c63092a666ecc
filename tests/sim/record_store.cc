#include "sim/record_store.h"

#include <algorithm>
#include <utility>

#include "repl/planted.h"

namespace tandem::sim {

using repl::Bug;

namespace {

constexpr int64_t kTimeoutNs = 100 * kMs;

}  // namespace

void RecordStore::create(const repl::Record& record) {
  world_.checks.record_changes(nullptr, record);
  versions_.push_back(record);
  newest_ = record;
}

// Not before the epoch of the newest one was opened: until then its leader alone may know of it,
// and no protocol can tell what a dead one knew.
bool RecordStore::go_back() {
  if (versions_.size() < 2 || record() != newest_ || !world_.checks.has_opened(newest_.epoch)) {
    return false;
  }
  // It is put back only once each of them has been asked.
  for (const repl::Member& member : newest_.in_sync) {
    if (!world_.checks.is_there(member) || world_.checks.is_image(member.id)) return false;
  }
  versions_.resize(world_.random.between<size_t>(1, versions_.size() - 1));
  for (auto& [number, request] : requests_) request.refused = true;  // of before it was stopped
  world_.trace.note("record goes back version:", {record().version});
  return true;
}

void RecordStore::swap(const repl::Swap& swap, bool reachable, UniqueFunction<void(bool)> done) {
  const uint64_t number = ++last_request_;
  Request& request = requests_[number];
  request.swap = swap;
  request.done = std::move(done);
  request.refused = !reachable || gone() || world_.strikes(world_.plan.refused_swap);
  const bool late = world_.strikes(world_.plan.late_swap);
  const bool reply_lost = world_.strikes(world_.plan.lost_reply);
  const int64_t delay = world_.between_ns(kMs / 10, (late ? 1000 : 20) * kMs);
  // Scheduled first: where both are due at once, the caller is told before it happens.
  const int64_t patience = reply_lost ? world_.between_ns(kMs / 10, delay) : kTimeoutNs;
  world_.schedule.after(patience, [this, number] { give_up(number); });
  world_.schedule.after(delay, [this, number] { carry_out(number); });
}

void RecordStore::carry_out(uint64_t number) {
  auto request = requests_.extract(number);
  const repl::Swap& swap = request.mapped().swap;
  const uint64_t version = record().version;
  const bool applied = !request.mapped().refused && !gone() && !wiped() &&
                       swap.expected_version == version &&
                       (!swap.expected || *swap.expected == record());
  world_.trace.note("swap expected epoch leader members applied:",
                    {swap.expected_version, swap.record.epoch, swap.record.leader,
                     swap.record.in_sync.size(), applied ? 1U : 0U});
  if (applied) {
    world_.checks.record_changes(&record(), swap.record);
    versions_.push_back(swap.record);
    if (swap.record.order() > newest_.order()) newest_ = swap.record;
  }
  // The file of the version after the expected one was pruned, so it can be made once more; nobody
  // who reads the record sees it below the later ones.
  const bool again = planted(Bug::kVersionLinkedAgain) && swap.expected_version + 1 < version;
  if (request.mapped().done) request.mapped().done(applied || again);
}

// The caller waits no longer; the swap may be carried out yet.
void RecordStore::give_up(uint64_t number) {
  const auto it = requests_.find(number);
  if (it == requests_.end()) return;
  UniqueFunction<void(bool)> done = std::move(it->second.done);
  it->second.done = nullptr;
  done(false);
}

void RecordStore::read(bool reachable,
                       UniqueFunction<void(bool, const std::optional<repl::Record>&)> done) {
  const bool failed = !reachable || gone() || world_.strikes(world_.plan.failed_read);
  // The value is of now; what changes it while the answer travels makes the answer old.
  std::optional<repl::Record> value;
  if (!wiped()) value = record();
  world_.schedule.after(world_.between_ns(kMs / 10, (world_.strikes(300) ? 100 : 10) * kMs),
                        [failed, value = std::move(value), done = std::move(done)]() mutable {
                          done(!failed, value);
                        });
}

bool RecordStore::can_do_without(const repl::Member& member) const {
  const auto has_another = [&](const repl::Record& record) {
    return std::any_of(record.in_sync.begin(), record.in_sync.end(), [&](const auto& other) {
      return other != member && world_.checks.is_there(other);
    });
  };
  return record() == newest_ && has_another(record()) &&
         std::all_of(requests_.begin(), requests_.end(), [&](const auto& request) {
           return request.second.swap.expected_version < record().version ||
                  has_another(request.second.swap.record);
         });
}

}  // namespace tandem::sim

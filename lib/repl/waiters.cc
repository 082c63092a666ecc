#include "repl/waiters.h"

#include <utility>
#include <vector>

namespace tandem::repl {
namespace {

// Takes what `which` chooses out of `waiting` before anybody is told: a completion may come back
// with another request.
template <typename Map, typename Which>
std::vector<typename Map::mapped_type> take_all(Map& waiting, Which which) {
  std::vector<typename Map::mapped_type> taken;
  for (auto it = waiting.begin(); it != waiting.end();) {
    if (which(*it)) {
      taken.push_back(std::move(it->second));
      it = waiting.erase(it);
    } else {
      ++it;
    }
  }
  return taken;
}

template <typename Map>
void fail_all_of(Map& waiting, const Error& error) {
  const auto all = [](const auto&) { return true; };
  for (auto& each : take_all(waiting, all)) each.done(fail(error));
}

// Those whose deadline is over.
template <typename Map>
void fail_due(Map& waiting, int64_t now_ns, ErrorKind kind, const char* why) {
  const auto is_due = [&](const auto& item) { return item.second.deadline_ns <= now_ns; };
  for (auto& each : take_all(waiting, is_due)) each.done(fail(kind, why));
}

}  // namespace

void Writers::add(uint64_t index, int64_t deadline_ns, Done done) {
  waiting_.emplace(index, Waiting{deadline_ns, std::move(done)});
}

void Writers::applied(uint64_t index, const Applied& answer) {
  const auto it = waiting_.find(index);
  if (it == waiting_.end()) return;
  Done done = std::move(it->second.done);
  waiting_.erase(it);
  done(Written{index, answer});
}

void Writers::fail_all(const Error& error) { fail_all_of(waiting_, error); }

void Writers::expire(int64_t now_ns) {
  fail_due(waiting_, now_ns, ErrorKind::kUnknown,
           "not every in-sync replica has acknowledged the write in time: its outcome is unknown, "
           "ask again with the same key");
}

void Readers::add(uint64_t index, int64_t deadline_ns, Done done) {
  waiting_.emplace(index, Waiting{deadline_ns, std::move(done)});
}

void Readers::reached(uint64_t index) {
  while (!waiting_.empty() && waiting_.begin()->first <= index) {
    Done done = std::move(waiting_.begin()->second.done);
    waiting_.erase(waiting_.begin());
    done({});
  }
}

void Readers::fail_above(uint64_t index, const Error& error) {
  auto taken = take_all(waiting_, [&](const auto& item) { return item.first > index; });
  for (Waiting& waiting : taken) waiting.done(fail(error));
}

void Readers::expire(int64_t now_ns) {
  fail_due(waiting_, now_ns, ErrorKind::kTimeout, "this replica has not caught up in time");
}

uint64_t IndexWaiters::add(Waiting waiting) {
  waiting_.emplace(++last_token_, std::move(waiting));
  return last_token_;
}

std::optional<IndexWaiters::Waiting> IndexWaiters::take(uint64_t token) {
  const auto it = waiting_.find(token);
  if (it == waiting_.end()) return std::nullopt;
  Waiting waiting = std::move(it->second);
  waiting_.erase(it);
  return waiting;
}

void IndexWaiters::fail_all(const Error& error) { fail_all_of(waiting_, error); }

void IndexWaiters::expire(int64_t now_ns) {
  fail_due(waiting_, now_ns, ErrorKind::kTimeout, "the leader could not be asked in time");
}

}  // namespace tandem::repl

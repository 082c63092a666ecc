#include "repl/progress.h"

#include <algorithm>

#include "base/check.h"

namespace tandem::repl {

// --- transitions ---

void Progress::become(Mode mode) {
  mode_ = mode;
  waits_for_answer_ = false;
  in_flight_.clear();
  in_flight_bytes_ = 0;
  snapshot_ = 0;
  snapshot_offset_ = 0;
}

void Progress::become_probe(Index agreed) {
  become(Mode::kProbe);
  next_ = std::max(match_, agreed) + 1;
}

void Progress::become_snapshot() { become(Mode::kSnapshot); }

// --- what it answers ---

void Progress::acknowledged(Index match, const Log& log, int64_t now_ns) {
  if (match > match_) {
    match_ = match;
    moved(log, now_ns);
  }
  while (!in_flight_.empty() && in_flight_.front().first <= match_) {
    in_flight_bytes_ -= in_flight_.front().second;
    in_flight_.pop_front();
  }
  if (mode_ != Mode::kReplicate && match_ + 1 >= log.first) {
    become(Mode::kReplicate);
    next_ = match_ + 1;
  }
  next_ = std::max(next_, match_ + 1);
  waits_for_answer_ = false;
}

bool Progress::is_news(Index refused_prev_index) const {
  if (mode_ == Mode::kSnapshot || refused_prev_index < match_) return false;
  return mode_ != Mode::kProbe || refused_prev_index + 1 == next_;
}

void Progress::chunk_acknowledged(Index snapshot, uint64_t offset, const Log& log, int64_t now_ns) {
  if (mode_ != Mode::kSnapshot || snapshot != snapshot_ || offset == snapshot_offset_) return;
  snapshot_offset_ = offset;
  waits_for_answer_ = false;
  moved(log, now_ns);
}

// Whatever else waits, waits from now on.
void Progress::moved(const Log& log, int64_t now_ns) {
  if (waiting_since_ns_ != 0) wait_.waited(now_ns - waiting_since_ns_, now_ns);
  waiting_since_ns_ = match_ < log.last ? now_ns : 0;
}

// --- what is sent ---

void Progress::sends_ahead(Index last, size_t bytes) {
  CHECK(mode_ == Mode::kReplicate && last >= next_);
  next_ = last + 1;
  in_flight_.emplace_back(last, bytes);
  in_flight_bytes_ += bytes;
}

void Progress::sends_append(bool entries, Index commit, int64_t now_ns) {
  if (entries && waiting_since_ns_ == 0) waiting_since_ns_ = now_ns;
  sent_commit_ = commit;
  last_sent_ns_ = now_ns;
}

uint64_t Progress::sends_chunk(Index snapshot, int64_t now_ns) {
  CHECK(mode_ == Mode::kSnapshot);
  if (snapshot_ != snapshot) {
    snapshot_ = snapshot;
    snapshot_offset_ = 0;
  }
  waits_for_answer_ = true;
  last_sent_ns_ = now_ns;
  return snapshot_offset_;
}

}  // namespace tandem::repl

// How far a follower has come, as its leader knows it, and what the leader may send it next.
//
// A follower is in one of three modes, each entered by a transition that forgets what was under way
// in the one before. They are named as in etcd's raft (tracker/progress.go):
//   probe      where the logs agree is being looked for: one append at a time, from `next` on
//   replicate  they agree up to `match`: appends are sent ahead, without waiting for answers
//   snapshot   the log before `next` is gone: a snapshot goes over, one chunk at a time
// A hello and a refusal lead to probe, an acknowledgement from where the log goes on to replicate,
// and a log that was cut off below `next` to snapshot.
//
// Pure. Belongs to one session of the follower; times are of the leader's clock. Internal to
// lib/repl.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

#include "repl/adaptive_timeout.h"
#include "repl/types.h"

namespace tandem::repl {

class Progress {
 public:
  enum class Mode { kProbe, kReplicate, kSnapshot };

  // What acknowledgements are measured by: the leader's log, now.
  struct Log {
    Index first = 1;  // of the entries still there
    Index last = 0;
  };

  Mode mode() const { return mode_; }
  Index match() const { return match_; }  // verified to be equal, and durable there
  Index next() const { return next_; }    // the first entry of the next append
  // A probe or a chunk has no answer yet: only a heartbeat that is due sends another.
  bool waits_for_answer() const { return waits_for_answer_; }
  size_t in_flight_bytes() const { return in_flight_bytes_; }
  // Since when entries wait for its acknowledgement; 0: none do.
  int64_t waiting_since_ns() const { return waiting_since_ns_; }
  // Until then they may wait, where that long is set. REQUIRES: entries wait.
  int64_t stalled_after_ns(int64_t set_ns) const { return waiting_since_ns_ + wait_.ns(set_ns); }
  int64_t last_sent_ns() const { return last_sent_ns_; }
  // The highest commit index that was sent.
  Index sent_commit() const { return sent_commit_; }

  // --- transitions ---
  // It has what `agreed` says at most, and perhaps less: to be found out from there on.
  void become_probe(Index agreed);
  // What it needs is cut off the log.
  void become_snapshot();
  bool needs_snapshot(Index log_first) const {
    return mode_ != Mode::kSnapshot && next_ < log_first;
  }

  // --- what it answers ---
  // It has everything up to `match`: from where the log goes on, it is replicated to.
  void acknowledged(Index match, const Log& log, int64_t now_ns);
  // Whether the refusal of an append behind `prev_index` tells anything: a late one, of something
  // before the last acknowledgement or probe, does not.
  bool is_news(Index refused_prev_index) const;
  // The leader did not run for so long: that is nobody's waiting.
  void forgive(int64_t absent_ns) {
    if (waiting_since_ns_ != 0) waiting_since_ns_ += absent_ns;
  }
  // So much of that snapshot is there. The same offset once more: it is busy, and gets that chunk
  // again with the next heartbeat.
  void chunk_acknowledged(Index snapshot, uint64_t offset, const Log& log, int64_t now_ns);

  // --- what is sent ---
  // The one append of a probe.
  void sends_probe() { waits_for_answer_ = true; }
  // An append that is not waited for, up to `last`. REQUIRES: mode kReplicate.
  void sends_ahead(Index last, size_t bytes);
  // Any append. `entries`: with some.
  void sends_append(bool entries, Index commit, int64_t now_ns);
  // A chunk of that snapshot, or a word while all of it is there. Returns its offset: 0 where
  // another one was going over.
  uint64_t sends_chunk(Index snapshot, int64_t now_ns);

 private:
  void become(Mode mode);
  void moved(const Log& log, int64_t now_ns);

  Mode mode_ = Mode::kProbe;
  bool waits_for_answer_ = false;
  Index match_ = 0;
  Index next_ = 1;
  std::deque<std::pair<Index, size_t>> in_flight_;  // end of a batch, its bytes; kReplicate alone
  size_t in_flight_bytes_ = 0;
  Index snapshot_ = 0;  // the one that goes over; kSnapshot alone
  uint64_t snapshot_offset_ = 0;
  Index sent_commit_ = 0;
  int64_t last_sent_ns_ = 0;
  int64_t waiting_since_ns_ = 0;
  AdaptiveTimeout wait_;  // of entries for an acknowledgement
};

}  // namespace tandem::repl

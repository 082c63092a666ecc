// The durable log of a replica: segments, the promise slots, and one writer thread.
//
// The owner's thread (the loop) lays records out and queues writes; it never waits for the disk to
// write. All that one loop turn queued goes to the writer thread together, which writes it, syncs
// once and publishes: group commit by construction. Entries can be read as soon as they were
// appended, durable or not. The format is in storage/log_format.h and tandem-log(5).
//
// A failed write or sync ends it: on_failed is called once, nothing is published as durable after
// it, and nothing is tried again, since after a failed fsync nobody knows what the disk has. The
// owner exits (status 74; where the error is no kDiskFailed, 69). The one exception is a full disk,
// or no descriptor, while the *next* segment is prepared: has_space() then turns false, well before
// the current segment is full, and true again by itself.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/durations.h"
#include "base/function.h"
#include "base/result.h"
#include "loop/loop.h"
#include "storage/disk.h"
#include "storage/recovery.h"
#include "wire/entry.h"

namespace tandem::storage {

class EntryCache;
class SegmentMaker;
class Writer;

// Numbers the writes of a process in their order, from 1. durable(t): all writes up to t are on
// disk.
using Ticket = uint64_t;

struct LogOptions {
  std::string directory;
  uint64_t segment_bytes = 16 << 20;
  size_t cache_bytes = 32 << 20;
  size_t max_entry_bytes = 8 << 20;  // encoded_size() of an entry; a segment must hold one
  uint64_t space_retry_ms = 1000;    // how often a full disk is asked again
};

struct LogHooks {
  UniqueFunction<void(Ticket)> on_durable;
  UniqueFunction<void(const Error&)> on_failed;
  // Called inside open() where acknowledged data was lost, before anything on disk is changed: sets
  // a copy of what is there aside and makes a new storage_id durable. Were the damage erased first,
  // a crash in between would leave a log that looks whole under the old storage_id. An error ends
  // open().
  UniqueFunction<Status(const std::string& reason)> on_suspect;
};

class Log {
 public:
  // Reads the whole log; blocks. kConfig: the options do not fit each other. kNoSpace, kIo,
  // kPermission: from the disk. Damage is no error, see recovery().
  static Result<std::unique_ptr<Log>> open(const LogOptions& options, loop::Loop& loop,
                                           LogHooks hooks, Disk& disk = system_disk());
  // Writes what is queued (without calling back) and closes.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  const Recovery& recovery() const { return recovery_; }

  uint64_t first_index() const;  // first entry still in the log; last_index() + 1 when empty
  uint64_t last_index() const;   // appended, maybe not durable yet
  // Index before the log's first entry: where a snapshot must reach to at least.
  uint64_t base_index() const { return first_index() - 1; }
  // REQUIRES: base_index() <= index <= last_index().
  uint64_t epoch_at(uint64_t index) const;
  // The chain value at an index, for the header of a snapshot. Two logs with the same value at an
  // index have the same entries up to there. REQUIRES: as epoch_at.
  uint32_t crc_at(uint64_t index) const;

  // Appends to `out` the entries from `from` on, up to max_bytes of encoded size, at least one
  // where there is one. From memory, or with a read of the disk. REQUIRES: from >= first_index().
  // kCorrupt or kIo: the disk has gone bad since open().
  Status read(uint64_t from, size_t max_bytes, std::vector<wire::Entry>& out) const;

  // REQUIRES: indexes continue last_index(), epochs do not fall, each entry within max_entry_bytes.
  Ticket append(std::span<const wire::Entry> entries);
  // Erases from_index and everything after it, durably before the next append is written, and as a
  // whole even where the process dies in between. REQUIRES: from_index >= first_index().
  Ticket cut(uint64_t from_index);
  // REQUIRES: not below an earlier one.
  Ticket save_promise(uint64_t epoch);
  // What is known committed, up to durable_index(): recovery gives it back. Not waited for.
  Ticket save_committed(uint64_t epoch, uint64_t index);
  // After a snapshot was installed (and is durable): the log is empty and starts at base_index + 1.
  Ticket reset(uint64_t base_index, uint64_t base_epoch, uint32_t base_crc);
  // Forgets whole segments whose last index is below `index`; never the segment in use.
  void drop_before(uint64_t index);
  // Another durable write of the owner, in order with the log's own (the identity file). Runs on
  // the writer thread; its error is a failure like any other.
  Ticket save(UniqueFunction<Status()> write);

  // Hands what is queued to the writer thread now. Happens by itself before the loop blocks.
  void flush();

  Ticket last_ticket() const { return last_ticket_; }
  Ticket durable_ticket() const { return durable_ticket_; }
  uint64_t durable_index() const { return durable_index_; }

  // False while the next segment cannot be prepared because the disk is full. The leader then
  // refuses commands and a follower refuses appends; what is left of the current segment (half of
  // it or more) is a reserve for what was accepted already.
  bool has_space() const;
  // How long the syncs of records took, since open().
  Durations syncs() const;
  // Of its segments on the disk, in bytes: each is as long as all, however much of it is used.
  uint64_t size_bytes() const;

  // Whether these entries fit into the present segment, with so many bytes left after them.
  bool fit_in_segment(std::span<const wire::Entry> entries, uint64_t reserve_bytes) const;

 private:
  struct Segment;
  struct EpochRun {
    uint64_t first_index;
    uint64_t epoch;
  };
  struct PendingAppend {
    Ticket ticket;
    uint64_t last_index;
  };

  Log(const LogOptions& options, loop::Loop& loop, LogHooks hooks, Disk& disk);
  Status start();
  void adopt(const RecoveredLog& recovered);
  void append_one(const wire::Entry& entry);
  void roll_segment();
  void request_segment();
  Ticket queued();
  void on_published();
  Status read_from_disk(uint64_t from, uint64_t end, size_t max_bytes, size_t& used,
                        std::vector<wire::Entry>& out) const;
  const Segment& segment_of(uint64_t index) const;

  LogOptions options_;
  LogHooks hooks_;
  Disk& disk_;
  Recovery recovery_;

  std::vector<Segment> segments_;      // ordered by first index; the last one is written to
  std::deque<EpochRun> epochs_;        // the first one covers base_index()
  std::unique_ptr<EntryCache> cache_;  // the newest entries, and all that are not durable
  std::deque<PendingAppend> pending_;
  uint64_t durable_index_ = 0;
  Ticket last_ticket_ = 0;
  Ticket handed_over_ = 0;
  Ticket durable_ticket_ = 0;
  bool failed_ = false;
  bool next_requested_ = false;  // the segment after the current one was asked for

  std::unique_ptr<SegmentMaker> maker_;
  std::unique_ptr<Writer> writer_;
  loop::Waker waker_;
  loop::Prepare before_poll_;
  loop::Idle not_flushed_;  // keeps the loop from blocking while something is queued
};

}  // namespace tandem::storage

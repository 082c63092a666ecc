// What goes into the protocol core and what comes out: Replica::step(event, now) → Effects.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "repl/message.h"
#include "repl/types.h"

namespace tandem::repl {

// Numbers the core's writes to disk in their order, from 1; 0: nothing to wait for.
using Ticket = uint64_t;

// --- events ---

struct MessageIn {
  Message message;
};
// Every write up to `ticket` is on disk.
struct Persisted {
  Ticket ticket = 0;
};
// The record as somebody read it; nullopt: there is none. `asked_ns`, where it is not 0: a
// consistent read by this process, begun then (the clock of step()) and after this process was
// registered; what a watch brings may be old.
struct RecordRead {
  std::optional<Record> record;
  int64_t asked_ns = 0;
};
// The compare-and-swap asked for by Effects::swap ended; anything but a clear yes is unknown.
struct SwapDone {
  uint64_t expected_version = 0;
  bool applied = false;
};
// A command of a client, to be logged (REQUIRES: Replica::leading()).
struct Propose {
  int64_t wall_ms = 0;  // where log time begins, with the first command of a group
  std::string request_id;
  std::string payload;
};
// A linearizable read that Replica::read_index() has no index for now: Effects::indexes_found tells
// it once there is one. Forgotten at the deadline, and given again by the driver where the log is cut
// below the index that it waits for.
struct FindIndex {
  uint64_t token = 0;  // the driver's
  int64_t deadline_ns = 0;
};
// A chunk was written to the incoming snapshot, or that failed (the leader starts over).
struct SnapshotChunkWritten {
  Index snapshot_index = 0;
  uint64_t have_bytes = 0;
};
// The incoming snapshot is complete, durable and installed; the log now starts after it. From the
// chunk that completed it until this event the core gets no message and no record: they would be
// judged by a log that is being replaced.
struct SnapshotInstalled {
  Index index = 0;
  int64_t time_ms = 0;  // log time at that point
};
// The process is about to end in good order: what is known committed is written down.
struct Stopping {};
// Time passes: given when Replica::next_deadline_ns() is over, or earlier.
struct Tick {};
// All events of a loop turn were given: now batches go out.
struct EndOfTurn {};

using Event = std::variant<MessageIn, Persisted, RecordRead, SwapDone, Propose, FindIndex,
                           SnapshotChunkWritten, SnapshotInstalled, Stopping, Tick, EndOfTurn>;

// --- effects ---

struct SavePromise {
  Epoch epoch = 0;
};
struct SaveLineage {
  uint64_t lineage = 0;
};
// What is known committed. Nothing waits for it; it is what a later life, and a controller, can
// prove about the past.
struct SaveCommitted {
  Position position;
};
struct AppendEntries {
  std::vector<wire::Entry> entries;
};
// Erases `from` and all after it.
struct CutLog {
  Index from = 0;
};
struct Persist {
  Ticket ticket = 0;
  std::variant<SavePromise, SaveLineage, SaveCommitted, AppendEntries, CutLog> what;
};

// A message that may leave this process only once `after` is durable: the driver holds it back, so
// that "acknowledged before fsync" cannot be written by accident.
struct Send {
  Ticket after = 0;
  Message message;
};

struct Swap {
  uint64_t expected_version = 0;
  // What is to be there in that version: numbers are used again where a record went back. nullopt:
  // there is none, or one that cannot be read.
  std::optional<Record> expected;
  Record record;
};

// The read may be answered from a state that has applied `index`.
struct IndexFound {
  uint64_t token = 0;
  Index index = 0;
};

struct SnapshotChunk {
  Index index = 0;
  Epoch epoch = 0;
  uint64_t offset = 0;
  uint64_t total_bytes = 0;
  std::string data;
};

// To be carried out in the order of the members.
struct Effects {
  bool stepped_down = false;  // waiting clients get "unknown, ask again with the same key"
  std::vector<Persist> persists;
  std::vector<Send> sends;
  std::optional<Swap> swap;
  bool read_record = false;
  std::optional<SnapshotChunk> snapshot_chunk;
  std::vector<IndexFound> indexes_found;
  // What an operator wants to know of: role changes, set changes; text and "key=value" pairs.
  std::vector<std::string> notices;
  // This disk is an older image of itself, says the leader (with the reason): the process has to
  // end, and to begin anew as another member, with the data set aside.
  std::optional<std::string> went_back;
};

}  // namespace tandem::repl

// Messages between replicas, and between controllers and replicas. One struct for all types, as
// each type uses a handful of the fields; the codec writes only those.
//
// Every message names its sender completely (id, storage_id, session) and, where known, the session
// of the receiver: what does not match is dropped, so an answer of a dead process never counts.
// Encoding: tandem-wire(5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "repl/types.h"
#include "wire/entry.h"

namespace tandem::repl {

enum class MessageType : uint8_t {
  kHello = 1,          // replica → leader: here I am, promised to this epoch, my log ends here
  kAnnounce = 2,       // leader or controller → replica: the record
  kAppend = 3,         // leader → replica: entries (may be none: heartbeat) and the commit index
  kAppendAck = 4,      // replica → leader: verified and durable up to `match`
  kAppendReject = 5,   // replica → leader: `prev` does not fit; (hint_index, hint_epoch) might
  kSnapshotChunk = 6,  // leader → replica: a piece of a snapshot file
  kSnapshotAck = 7,    // replica → leader: have the file up to `offset`
  kQueryState = 8,     // controller → replica: tell your state
  kState = 9,          // replica → controller: the answer, with the same `question`
  kSessionDown = 10,  // controller → leader: this session is dead (proven), or is silent to it too
  kRemoveMember = 11,  // controller → leader: take this replica out of the set (scaling down)
  kReadIndex = 12,     // replica → leader: from which index on may reads be answered?
  kReadIndexIs = 13,   // leader → replica: the answer, with the same `question`
  kQueryMemory = 14,   // controller → replica: tell your state, and what you know of the past
  kMemory = 15,        // replica → controller: the answer, with the same `question`
  kRefuse = 16,        // replica → leader: it does not follow: see Replica::refuse
  kWentBack = 17,      // leader → replica: this disk is an older image of itself: set it aside
};

// What a replica tells of itself (kState).
struct ReplicaState {
  Epoch promise = 0;
  bool leading = false;
  bool opened = false;  // leading, and the entry that opens the epoch is committed
  Index last_index = 0;
  Epoch last_epoch = 0;
  Index commit = 0;
  bool cut_tail = false;  // recovery cut a torn tail at start: others are preferred as leader
  bool has_space = true;  // on its disk, and able: one without cannot take writes
  bool able = true;       // its applier can apply and read now (Applier::trouble)
  // Leads, and has not heard so many of its set for long that it can do nothing.
  bool cut_off = false;
  uint64_t pid = 0;
};

// What a replica knows of the past (kMemory). Unlike its state this does not become wrong: disks
// and records that went back are found out by it.
struct Memory {
  Position committed;            // the highest command that it knows committed
  bool caught_up = false;        // since it started a leader has told it all that was committed
  std::optional<Record> record;  // the newest that it has seen, itself or in its log
  // Where the newest epochs of its log end, ascending: the last one is the end of the log.
  std::vector<Position> ends;
  bool operator==(const Memory&) const = default;
};
constexpr size_t kMaxEnds = 32;

// Whether a log with these ends holds this entry; where it is further back than they tell, by its
// index alone.
bool holds(const std::vector<Position>& ends, const Position& position);

struct Message {
  MessageType type = MessageType::kHello;
  uint64_t lineage = 0;  // 0: from a replica without data
  Epoch epoch = 0;
  ReplicaId from = 0;
  uint64_t storage_id = 0;
  uint64_t session = 0;
  ReplicaId to = 0;
  uint64_t to_session = 0;  // 0: not known yet

  Index prev_index = 0;  // kAppend, kAppendReject (which one was refused), kRefuse (logs agree)
  Epoch prev_epoch = 0;
  std::vector<wire::Entry> entries;
  Index commit = 0;
  uint64_t record_version = 0;  // kAppend: a follower that knows an older one reads the record
  // Leases. Both clocks are boot-time clocks in ns, each of one process alone.
  int64_t sent_ns = 0;   // kAppend: the leader's clock; kAppendAck: that of the newest append
  int64_t stamp_ns = 0;  // kAppendAck: the follower's clock; kAppend: that of its newest answer
  int64_t lease_ns = 0;  // kAppend: the follower's lease lasts so long from stamp_ns; 0: none

  Index match = 0;       // kAppendAck, kReadIndexIs
  Index hint_index = 0;  // kAppendReject; kHello: the end of the log
  Epoch hint_epoch = 0;

  Index snapshot_index = 0;  // kSnapshotChunk, kSnapshotAck
  Epoch snapshot_epoch = 0;
  uint64_t offset = 0;
  uint64_t total_bytes = 0;
  std::string data;

  std::optional<Record> record;  // kAnnounce
  uint64_t question = 0;         // kQueryState, kState, kReadIndex, …, kQueryMemory, kMemory
  ReplicaState state;            // kState, kMemory
  Memory memory;                 // kMemory
  Position committed;            // kRefuse, kWentBack
  ReplicaId subject = 0;         // kSessionDown, kRemoveMember
  uint64_t subject_session = 0;  // kSessionDown; 0: whichever it has
  bool proven = false;           // kSessionDown; kRefuse: another process led this epoch
};

void encode(const Message& message, std::string& out);
// False where the bytes are malformed.
bool decode(std::string_view in, Message& message);

}  // namespace tandem::repl

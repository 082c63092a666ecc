// One state of the model: the record, three replicas, what is under way between them, and ghosts,
// which no rule may look at: the checks do. Plain bytes, so that states are compared and hashed as
// such; whatever has no meaning at present is zero.
//
// A member of the group is known by an identity: replica r with its first disk is r, with the disk
// that it got after a wipe r + 3. Sets are masks of identities.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "options.h"

namespace tandem::model {

constexpr int kReplicas = 3;
constexpr int kIds = 6;
constexpr int kLogMax = 7;
constexpr int kMessages = 3;
constexpr int kSwaps = 3;
constexpr int kAllIds = 63;

// epoch 3 bits, version 4, set 6, value 3. Version and set are those of the record that the entry
// names: in an opening entry (value 0) and one that follows a set change. Values 1-5 are writes.
using Entry = uint16_t;
constexpr int kOpen = 0;
constexpr int kNames = 6;
constexpr int kBarrier = 7;

constexpr Entry make_entry(int epoch, int value, int version = 0, int set = 0) {
  return static_cast<Entry>(epoch << 13 | version << 9 | set << 3 | value);
}
constexpr int epoch_of(Entry e) { return e >> 13; }
constexpr int version_of(Entry e) { return e >> 9 & 15; }
constexpr int set_of(Entry e) { return e >> 3 & 63; }
constexpr int value_of(Entry e) { return e & 7; }

struct Record {
  uint8_t epoch, version, leader, set;
  uint8_t session;  // the process that was elected has not restarted since
};

enum MessageType : uint8_t { kNothing, kAppend, kAck, kSwapDone, kRefusal };

struct Message {
  uint8_t type, from, to;  // replicas; of kAck the identity that acknowledges
  uint8_t epoch, prev, prev_epoch, count, commit;
  Entry entries[kLogMax];
  uint8_t stamp, grant;  // leases, in ticks left
};

struct Swap {
  uint8_t expected_version, expected_epoch, epoch, leader, set, from, session;
};

struct Replica {
  // On its disk.
  uint8_t promise, len, mark;
  uint8_t durable;  // of the log
  Entry log[kLogMax];
  // In memory.
  uint8_t commit, verified;
  uint8_t refused_by;  // mask: who refused its appends
  // While it leads (`lead`: the epoch, 0: it does not).
  uint8_t lead, first, named, version, set;
  uint8_t floor;                    // committed when it was elected
  uint8_t pending_in, pending_out;  // in one of the pending sets; not in all of them
  uint8_t match[kIds];
  // Leases, in ticks left: the own one, and how long the own last answer may still be good for one.
  uint8_t lease, answered, elected_from;
  uint8_t credit[kIds], stamp[kIds], granted[kIds], quit[kIds];
};

struct Image {
  uint8_t promise, len, mark, taken;
  Entry log[kLogMax];
};

struct State {
  Record record;
  Record record_image;
  uint8_t record_image_taken;
  uint8_t wiped;  // mask of replicas with their second disk
  Replica replicas[kReplicas];
  Image images[kReplicas];
  uint8_t rolled_back;  // mask
  Swap swaps[kSwaps];
  Message messages[kMessages];
  uint8_t writes, crashes, wipes, go_backs, rollbacks;  // used up
  // Ghosts: the committed log, and the highest record that ever was.
  uint8_t committed;
  Entry log[kLogMax];
  uint8_t lost;  // a commit went another way, after a fault that nobody could know of
  uint8_t top_epoch;
  Record top;
  // Reads: the second controller, barriers, what was shown, and the one read under way.
  uint8_t second_active, barrier[2], shown, reads_done;
  uint8_t read_phase, read_at, read_by, read_needs, read_waits, read_answer;
};

// No padding, which a comparison of bytes would see.
static_assert(std::has_unique_object_representations_v<State>);

inline int replica_of(int id) { return id % kReplicas; }
inline int id_of(const State& s, int r) { return s.wiped >> r & 1 ? r + kReplicas : r; }
inline bool is_current(const State& s, int id) { return id_of(s, replica_of(id)) == id; }
inline bool has(int mask, int bit) { return mask >> bit & 1; }
inline bool fault_used(const State& s) { return s.go_backs || s.rollbacks; }

template <typename T>
bool same_bytes(const T& a, const T& b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}
template <typename T>
void clear(T& value) {
  std::memset(&value, 0, sizeof(T));
}

State first_state();
// Drops what can have no effect any more and orders what has no order: fewer states, same runs.
void normalize(State& s);

// What a replica knows of the record, from its log and, where it leads, from memory.
struct Known {
  int epoch = 0, version = 0, set = 0;
};
Known known_record(const State& s, int i);
inline Known known_of(const Record& r) { return {r.epoch, r.version, r.set}; }
// Whether `a` is newer than `b`, as the rules order them.
bool newer(const Known& a, const Known& b);

inline int mark_of(const Replica& r) {
  const int mark = opt.marks ? r.mark : 0;
  return r.commit > mark ? r.commit : mark;
}
// Whether a log has the first `count` entries of another, by what they are, not by their epochs.
bool has_prefix(const Replica& r, const Entry* log, int count);

void step_down(Replica& r);
// The process dies and starts again with what is on its disk.
void restart(State& s, int i);

}  // namespace tandem::model

// The words of the replication protocol: identities, the configuration record of a group, and the
// view of the log that the protocol core reads. tandem-replication(7) tells the whole.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/entry.h"

namespace tandem::repl {

using ReplicaId = uint32_t;  // 1 and up, chosen by the controller; 0 is a controller itself
using Index = uint64_t;      // position in the log, from 1; 0: before the first
using Epoch = uint64_t;      // rises by one each time a leader is chosen

constexpr ReplicaId kController = 0;

// A place in a log. Logs are compared by where they end: who holds an entry of a later epoch holds
// everything that was committed before it (Raft, section 5.4.1).
struct Position {
  Epoch epoch = 0;
  Index index = 0;  // 0: nowhere
  auto operator<=>(const Position&) const = default;
};
// "entry 9 of epoch 3", for people.
std::string to_text(const Position& position);

// A replica as the record knows it: an id together with the disk that holds its data. A wiped
// directory has a new storage_id and is another member.
struct Member {
  ReplicaId id = 0;
  uint64_t storage_id = 0;
  auto operator<=>(const Member&) const = default;
};

// A lineage whose place this one has taken (a restore from a backup).
struct Replaced {
  uint64_t lineage = 0;
  Epoch last_epoch = 0;  // of its entries in the present state, 0: there are none
  bool operator==(const Replaced&) const = default;
};

// The configuration of a group, changed by compare-and-swap on `version` alone. Only the leader of
// `epoch` changes in_sync; only a controller changes epoch and leader.
struct Record {
  uint64_t lineage = 0;  // made once when the group is created; data of another lineage is foreign
  Epoch epoch = 0;
  uint64_t version = 0;  // rises by one with each change
  ReplicaId leader = 0;
  std::vector<Member> in_sync;  // ordered by id; the leader is one of them
  uint32_t min_in_sync = 1;
  // The life of the process that was chosen: it leads, and no later life of the same replica, whose
  // disk may have been put back meanwhile. 0: chosen by a program that did not write it.
  uint64_t leader_session = 0;
  // Disks whose loss an operator has accepted, the newest last: what they know counts no more.
  std::vector<Member> given_up;
  // Those that a restore took the place of, the newest last, kMaxReplaced at most: who has data of
  // one of them sets it aside and begins anew. Nothing but a restore changes it.
  std::vector<Replaced> replaced;
  static constexpr size_t kMaxReplaced = 64;

  // How records of one lineage follow each other. The epoch comes first: a record that went back
  // (a restored directory) and was repaired has a lower version in a later epoch.
  struct Order {
    Epoch epoch = 0;
    uint64_t version = 0;
    auto operator<=>(const Order&) const = default;
  };
  Order order() const { return {epoch, version}; }

  bool contains(const Member& member) const;
  bool has_given_up(const Member& member) const;
  bool has_replaced(uint64_t other) const;
  // Of the entries of that epoch which the present state comes from.
  uint64_t lineage_of(Epoch entry_epoch) const;
  // The member with this id, or nullptr.
  const Member* find(ReplicaId id) const;
  bool operator==(const Record&) const = default;
};

// One line of JSON, for people to read and for parse_record: kCorrupt names what is wrong.
std::string to_text(const Record& record);
Result<Record> parse_record(std::string_view text);

// "1, 2, 3": the ids, for people.
std::string id_text(const std::vector<Member>& members);

// What the core reads of the log. Appended entries are visible at once, durable or not.
class LogView {
 public:
  virtual ~LogView() = default;
  virtual Index first_index() const = 0;  // of the entries still there; last_index()+1: none
  virtual Index last_index() const = 0;
  // For first_index()-1 (the base, where a snapshot ends) up to last_index(); 0 for index 0.
  virtual Epoch epoch_at(Index index) const = 0;
  // Entries from `from` on, until about max_bytes, at least one where there is one.
  virtual std::vector<wire::Entry> read(Index from, size_t max_bytes) const = 0;
};

// The newest snapshot on this disk, read in pieces to bring a learner up.
class SnapshotView {
 public:
  virtual ~SnapshotView() = default;
  virtual Index index() const = 0;  // 0: there is none
  virtual Epoch epoch() const = 0;
  virtual uint64_t size_bytes() const = 0;
  virtual std::string read(uint64_t offset, size_t max_bytes) const = 0;
};

}  // namespace tandem::repl

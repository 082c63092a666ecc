// Puts the state of a backup in the place of what a group has, while nothing of the group runs:
// `--restore FILE` of the replica programs. Also what a start does with a restore that was cut short.
//
// A backup is a snapshot file of the group (storage/snapshot.h). The restored group is a new lineage,
// which begins with this one replica. Its record names the lineages that it takes the place of, so
// that every directory of those sets its data aside by itself, wherever it is.
//
// In this order, each step durable before the next begins:
//
//   1. FILE is read to its end, every row as restoring would read it; nothing is changed before
//   2. the new data is made beside the old (storage/replacement.h), in the directory of this replica
//   3. one compare-and-swap makes the record the new one: from here on the backup is the state
//   4. the old data is set aside, the new is moved into its place
//
// Before 3 the record is the old one, and a start drops what was made. After it a start finishes 4,
// whoever begins it, and so does the next restore.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "coord/coord.h"
#include "daemon/daemon.h"
#include "loop/loop.h"
#include "repl/state_machine.h"
#include "repl/types.h"
#include "replica/replica_config.h"
#include "storage/snapshot.h"

namespace tandem::replica {

struct RestoreOptions {
  std::string file;
  std::string group;
  repl::ReplicaId id = 0;
  std::string directory;  // of this replica; made where it is missing
  uint64_t segment_bytes = 16 << 20;
  size_t max_entry_bytes = 8 << 20;
  // Whether every member of the registry has its lock on this host, as in local files.
  bool all_are_here = true;
  // How long a controller's lock is waited for: that of one that was killed may live on for a while.
  uint64_t patience_ms = 1000;
  // A state machine of the group's kind: the backup is restored into an empty one before anything
  // else. nullptr: its rows are looked at one by one.
  const repl::StateMachine* kind = nullptr;
  // Called after each step, for tests.
  std::function<void(const std::string& step)> after = {};
};

struct Restored {
  uint64_t rows = 0;
  uint64_t index = 0;
  uint64_t bytes = 0;  // of the snapshot that it begins with
  uint64_t lineage = 0;
};

// `checker`: of rows of this group without their keys (StateMachine::row_checker()); nullptr: every
// one can be restored. Turns the loop meanwhile. Before anything is changed it fails with
//   kCorrupt      FILE is damaged, or has rows that cannot be restored
//   kBadInput     FILE is of another group
//   kConfig       FILE, or what the directory holds, is of another format version
//   kUnavailable  a process of the group runs, or may; coordination does not answer
// and, with the old state still in force, with kConflict where somebody has changed the record
// meanwhile, kNoSpace, …; kUnknown: whether the record was changed cannot be told; a start finds out,
// and so does another restore.
Result<Restored> restore(loop::Loop& loop, coord::Coord& coord, const RestoreOptions& options,
                         std::unique_ptr<repl::RowChecker> checker);

// What a start does with a restore that was cut short, before anything else. REQUIRES: the lock of
// the directory. kUnavailable: coordination does not answer, or has no record by which to tell.
Status settle_restore(loop::Loop& loop, coord::Coord& coord, const std::string& group,
                      const std::string& directory);

// Sets the data of a lineage aside that the record says to be replaced, at a start. Where coordination
// does not tell in time the protocol core finds out later, and ends the process for it.
Status set_replaced_aside(loop::Loop& loop, coord::Coord& coord, const std::string& group,
                          const std::string& directory);

// The record of a lineage that takes the place of `old` (nullptr: there is none, or it cannot be
// read) with the state that ends where `backup` says. `seen_by_backup`: the record in that file.
repl::Record restored_record(const repl::Member& member, uint64_t lineage, uint64_t old_version,
                             const repl::Record* old, const storage::SnapshotHeader& backup,
                             const repl::Record* seen_by_backup);

// Reads all of a file as restore() does first, and changes nothing. Gives its lineage and size.
Result<Restored> check_backup(const std::string& file, const std::string& group,
                              std::unique_ptr<repl::RowChecker> checker,
                              const repl::StateMachine* kind = nullptr);

// --- the modes of a program ---
// --restore and --check-backup.
std::vector<daemon::Option> restore_options();
// Where the program was given one of them: does it, prints a line of JSON, and ends the process.
void restore_if_asked(const daemon::Daemon& daemon, const ReplicaConfig& config,
                      const repl::StateMachine& machine);

}  // namespace tandem::replica

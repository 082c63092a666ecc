// Data that is to take the place of what a storage directory holds, made beside it by a restore:
//
//   <directory>/replacement.tmp/   being made, or dropped; of no use to anybody
//   <directory>/replacement/       complete; waits for the record of the group to name its lineage
//   <directory>/replacing/         what was in the directory is set aside; its files are moved up
//
// Each of these names is given by one rename. So whoever finds the directory after a crash knows what
// to do: the record decides whether a replacement counts, and once what it replaces is set aside the
// rest follows without a question.
//
// All calls block. They need the lock of the directory, which stays what it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "loop/loop.h"
#include "storage/identity.h"
#include "storage/snapshot.h"

namespace tandem::storage {

// How a replacement is written: as LogOptions.
struct ReplacementOptions {
  uint64_t segment_bytes = 16 << 20;
  size_t max_entry_bytes = 8 << 20;
};

// A directory with this identity, with a snapshot of the rows that `rows` has left and with this
// header, and with a log that goes on from it. Complete and durable when this returns without an
// error; on an error nothing is left of it. An earlier one that never counted is dropped. Gives the
// size of its snapshot. REQUIRES: nothing is being moved up.
Result<uint64_t> make_replacement(const std::string& directory, const Identity& identity,
                                  const SnapshotHeader& header, SnapshotReader& rows,
                                  const ReplacementOptions& options, loop::Loop& loop);

struct Replacement {
  Identity identity;
  std::string record;   // that its snapshot names; "" where that is moved up already
  bool counts = false;  // it is being moved up: finish_replacement() is all there is to do
};
// nullopt: there is none. kConfig: it is of another format version.
Result<std::optional<Replacement>> replacement_in(const std::string& directory);
// Whether there is one, as far as its name tells.
bool has_replacement(const std::string& directory);

// Sets all aside that the directory holds, with this reason, and puts the replacement in its place.
// Where it ends too soon, also by a crash, it is to be called again. REQUIRES: there is one; the
// record of the group names its lineage, or it counts.
Status finish_replacement(const std::string& directory, const std::string& reason);
// REQUIRES: the record of the group does not name its lineage, and never will.
Status drop_replacement(const std::string& directory);
// What a process that died has left of one that it was making, or dropping.
Status drop_unfinished_replacement(const std::string& directory);

// Whether data has to leave this name where it is: the replacement's.
bool is_replacement_name(const std::string& name);

}  // namespace tandem::storage

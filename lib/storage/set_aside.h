// Data that a replica does not use any more, and does not destroy either: it is set aside below
// its storage directory, where an operator finds it with the reason. And the mark that a process
// leaves there when it distrusts its own disk, so that whoever starts next need not guess.
//
//   <directory>/distrusted             sealed text: {"format","reason","time_ms"}, and "old": true
//   <directory>/set-aside-<wall ms>/   what was there, and `note`, sealed text of the same members
//   <directory>/set-aside-<wall ms>.tmp/   a copy that was not completed; removed by the next one
//
// Nothing here removes data in the step that sets some aside: a replica that does so at each of its
// starts would else remove the first, which is the one of worth. Only prune_set_aside() does, which
// is for whoever has seen that all of it is held elsewhere; until then there may be
// kMaxSetAside, and then no more.
//
// All calls block. One process uses a directory at a time; all of it needs its lock but
// mark_distrusted() and the readers.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"

namespace tandem::storage {

// More of them are a sign that something is wrong that setting aside does not mend.
constexpr size_t kMaxSetAside = 16;
// What is kept by prune_set_aside(), for people to look at.
constexpr size_t kKeepSetAside = 3;

// Why a disk is distrusted.
struct Distrust {
  enum class Kind {
    kFailed,
    kOld,  // the disk is well, and holds an older image of itself
  };
  std::string reason;
  Kind kind = Kind::kFailed;
};
// Durable when it returns without an error. An earlier mark is replaced.
Status mark_distrusted(const std::string& directory, const Distrust& distrust);
// nullopt: it is not distrusted. A mark that cannot be read is one all the same, of a failure.
Result<std::optional<Distrust>> distrust_mark(const std::string& directory);
// The disk is used again, for want of another one that has the data.
Status clear_distrust(const std::string& directory);

// Moves everything but the lock, a replacement and what was set aside before into a new directory, durably; its
// path, or "" where there is nothing. The identity goes first, so that what a crash leaves is not
// taken for the whole; the next call then goes on with the same directory.
// kUnavailable: there are kMaxSetAside.
Result<std::string> set_data_aside(const std::string& directory, const std::string& reason);
// The same with copies: the process goes on with what is there, and may erase of it. Snapshots,
// which nobody writes to, are linked. kNoSpace: nothing was changed.
Result<std::string> copy_data_aside(const std::string& directory, const std::string& reason);

struct SetAside {
  std::string path;
  std::string reason;       // "" where an earlier program left no note
  uint64_t bytes = 0;       // of its files
  int64_t time_ms = 0;      // wall clock, ms since 1970
  uint64_t lineage = 0;     // of the data; 0: none, or not to be read
  uint64_t storage_id = 0;  // that the data had; as lineage
};
// The oldest first.
Result<std::vector<SetAside>> list_set_aside(const std::string& directory);

// Removes what was set aside of this lineage but the newest kKeepSetAside. What is of another
// lineage, or of nobody knows which, stays, and so does what had one of the storage ids `given_up`:
// the group went on without it, so that it may hold acknowledged entries that nobody else has.
// REQUIRES: the caller has seen that this replica, in its present state, is one of at least two
// members of the in-sync set: everything that was ever acknowledged in that lineage, but for what
// was given up, is on their disks.
Status prune_set_aside(const std::string& directory, uint64_t lineage,
                       const std::set<uint64_t>& given_up = {});

// Removes a directory that is of no more use, with all that prune_set_aside() might remove of it,
// also the newest. False: what else was set aside there is left. REQUIRES: as prune_set_aside(), of
// this replica's present state too.
Result<bool> remove_directory(const std::string& directory, uint64_t lineage,
                              const std::set<uint64_t>& given_up);

}  // namespace tandem::storage

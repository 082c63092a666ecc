// Coordination by files of one host, below one root directory (modes 0700 and 0600):
//
//   <root>/<group>/record/<version>   one file a version, 20 digits: the text and its checksum
//   <root>/<group>/floor              versions up to this number are void, whether there or not
//   <root>/<group>/members/<id>       a line of JSON and its checksum
//   <root>/<group>/last/<id>          the last entry of a member, kept when that is removed
//   <root>/<group>/locks/<name>       held with flock(2); holds the holder's text
//   <root>/<group>/tmp/               files before they are linked or renamed
//   <root>/<group>/spare/             files of one block, for what is written on a full disk
//   <root>/moved                      the record of all groups is elsewhere: where (record_move.h)
//
// A version is made with link(2) (or an exclusive rename, file/file.h) from a synced file: the
// link is the compare-and-swap, nobody holds anything while writing, so a process that is stopped
// in the middle blocks nobody. Before anything is told about a version its directory is synced.
//
// Old versions are removed, so a process stopped for long before its link could link a version that
// was removed. Therefore the floor is raised durably before versions up to it are removed, and
// whoever links looks at the floor and at the list afterwards. Pruning needs the lock
// `locks/.prune` and is left out where that is taken, so the floor never falls.
//
// The root is made by open_local() alone. Where it is removed every call fails with kUnavailable
// until somebody opens it again; what is missing below it is made by whoever needs it.
//
// A lock is tried again when its file is closed by another process (inotify), since the kernel
// frees a dead process's lock at once; a slow retry is there for what inotify may miss.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "coord/coord.h"
#include "loop/loop.h"

namespace tandem::coord {

struct LocalOptions {
  std::string root;
  uint64_t poll_ms = 500;  // how often watches look although they were told of nothing
  std::string host = {};   // the name of this host; empty: gethostname(2)
};

constexpr char kMovedFile[] = "moved";

// Makes the root where it is missing. kPermission, kCannotCreate: names the path. kConfig: the
// records are elsewhere (kMovedFile), and what is here is void.
Result<std::unique_ptr<Coord>> open_local(const LocalOptions& options, loop::Loop& loop);

}  // namespace tandem::coord

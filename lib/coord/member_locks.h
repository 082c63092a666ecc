// What the locks of storage directories tell of the members that registered them. All calls block.
#pragma once

#include <string>

#include "base/result.h"
#include "coord/coord.h"

namespace tandem::coord {

// Which host this is, and which life of it.
struct Host {
  std::string name;
  std::string boot_id;
};
// `name` empty: as gethostname(2) says.
Host this_host(const std::string& name);

// Whether the member runs, or ran, on this host since its last boot.
bool is_here(const Member& member, const Host& here);
// kBusy where `earlier`, an entry of the same id, is that of a living process with another
// directory: `later` in its place would hide a replica that serves.
Status may_replace(const Member& earlier, const Member& later, const Host& here);
// Whether the member's lock is free while its path still names the registered file. Of a member of
// another host, or of another life of this one, a lock here says nothing: on a host that was cloned
// from the same image it may be another file with the same path, device and inode.
Result<bool> lock_proves_death(const Member& member, const Host& here);

}  // namespace tandem::coord

// The members of a group as files, one line of sealed JSON each. All calls block.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "coord/coord.h"
#include "coord/spare_files.h"

namespace tandem::coord {

// Which host this is, and which life of it.
struct Host {
  std::string name;
  std::string boot_id;
};
// `name` empty: as gethostname(2) says.
Host this_host(const std::string& name);

// `temporary`: a path in the same file system, not in use.
Status write_member(const SpareFiles& spares, const std::string& directory,
                    const std::string& temporary, const Member& member);
Status remove_member(const std::string& directory, uint32_t id, uint64_t session);
// Damaged files are logged and passed over.
Result<std::vector<Member>> read_members(const std::string& directory);
// kBusy where this id is that of a living process with another directory: its entry in the place of
// that one would hide a replica that serves.
Status check_id_is_free(const std::string& directory, const Member& member, const Host& here);
// Whether the member's lock is free while its path still names the registered file. Of a member of
// another host, or of another life of this one, a lock here says nothing: on a host that was cloned
// from the same image it may be another file with the same path, device and inode.
Result<bool> lock_proves_death(const Member& member, const Host& here);

std::string encode_member(const Member& member);
Result<Member> decode_member(std::string_view text);

}  // namespace tandem::coord

// The members of a group as files, one line of sealed JSON each. All calls block.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "coord/coord.h"
#include "coord/member_locks.h"
#include "coord/spare_files.h"

namespace tandem::coord {

// `temporary`: a path in the same file system, not in use.
Status write_member(const SpareFiles& spares, const std::string& directory,
                    const std::string& temporary, const Member& member);
Status remove_member(const std::string& directory, uint32_t id, uint64_t session);
// Damaged files are logged and passed over.
Result<std::vector<Member>> read_members(const std::string& directory);
// may_replace() of the entry that is there.
Status check_id_is_free(const std::string& directory, const Member& member, const Host& here);

}  // namespace tandem::coord

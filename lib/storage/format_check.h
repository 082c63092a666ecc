// Files of another format version are no damage: an older program, started by mistake on what a
// newer one wrote, must neither erase nor move anything of it. So what has the right magic and
// another version is refused with kConfig (exit status 78, which supervisors do not restart),
// whatever its checksum says, since that may be another one there; what is not even recognised is
// damage (storage/recovery.h).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/disk.h"

namespace tandem::storage {

// "'PATH' is of format version 2, this program reads 1"
tl::unexpected<Error> other_format(const std::string& path, const std::string& found,
                                   const std::string& known);
// Whether a format that a text names (`tandem-identity-2`) is another version of `known`.
bool is_other_version(std::string_view format, std::string_view known);

// Segments of the log and the slots of the promise file. Reads no more than their first bytes.
Status check_log_formats(Disk& disk, const std::string& directory);
// All files of a storage directory, where there is one. Needs no lock: a version is never changed
// in place.
Status check_formats(const std::string& directory, Disk& disk = system_disk());

}  // namespace tandem::storage

// Who this disk is: the file `identity` in a storage directory, replaced as a whole (a line of JSON
// and its checksum, see tandem-log(5)).
//
// A storage_id stands for "the disk that acknowledged these entries". A wiped directory gets a new
// one, and so does a directory whose log turns out to have lost acknowledged data: members of the
// record are named by (id, storage_id), so it is then another member that owes nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "storage/disk.h"

namespace tandem::storage {

struct Identity {
  uint64_t lineage = 0;  // of the group whose data this is; 0: of none yet
  uint64_t storage_id = 0;
  bool operator==(const Identity&) const = default;
};

// nullopt: there is none (a new directory). kCorrupt: there is one, but damaged; renew_identity
// then, with lineage 0. kConfig: it is of another format version.
Result<std::optional<Identity>> load_identity(const std::string& directory,
                                              Disk& disk = system_disk());
// Durable when it returns without an error.
Status save_identity(const std::string& directory, const Identity& identity,
                     Disk& disk = system_disk());
// Saves the lineage with a new storage_id.
Result<Identity> renew_identity(const std::string& directory, uint64_t lineage,
                                Disk& disk = system_disk());

}  // namespace tandem::storage

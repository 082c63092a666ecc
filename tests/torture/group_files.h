// What a group keeps in files, read and damaged from outside: its record, its registry, the
// identities of its replicas. tandem-files(5) describes them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "group.h"

namespace tandem::torture {

// Of the replica whose directory this is; "" where it cannot be read.
std::string storage_id_in(const std::string& directory);

// A version of the record: the name of its file, which sorts by age, and the storage ids of its
// in-sync set.
struct RecordVersion {
  std::string name;
  std::vector<std::string> in_sync;
};
// Those that are kept, the newest one last.
std::vector<RecordVersion> record_versions(const std::string& coordination);

// The record that goes back: the newest versions of it are removed, or all of it, its floor too.
// Gives what was done.
Result<std::string> remove_newest_record(const std::string& coordination, uint64_t choice);
std::string remove_record(const std::string& coordination);
// From one directory to another; what is there is replaced.
Status copy_record(const std::string& from, const std::string& to);

// Removes what replicas are found by, as somebody who cleans up would: their entries in the
// registry, the files of their locks, sockets. Gives what was done.
std::string remove_what_finds(const Group& group);

// Whether the logs of two directories end alike.
bool have_same_log(const std::string& one, const std::string& other);

// Copies the plain files right in a directory to another one, which is empty then but for them.
// Those that go away meanwhile are left out: the directory may be in use. Where `to` is a mount
// point it stays one.
Status copy_files(const std::string& from, const std::string& to);

}  // namespace tandem::torture

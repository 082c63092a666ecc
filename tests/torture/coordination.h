// What coordination holds of a group, its record and its registry, read and damaged from outside: in
// local files (group_files.h) or in Consul (consul_keys.h). One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace tandem::torture {

// A version of the record: a name that no other one has, and the storage ids of its in-sync set.
struct RecordVersion {
  std::string name;
  std::vector<std::string> in_sync;
};
bool names(const RecordVersion& version, const std::string& storage_id);

class Coordination {
 public:
  virtual ~Coordination() = default;

  // The newest version; nullopt: there is none that can be read.
  virtual std::optional<RecordVersion> record() = 0;
  // Whether a later version than the one of this name is without that member. Where earlier versions
  // are not kept nobody can tell: then whether there is a later one.
  virtual bool has_left(const std::string& storage_id, const std::string& since) = 0;

  // The record that goes back: its newest versions go, or all of it, or an earlier copy is put back.
  // Give what was done.
  virtual Result<std::string> remove_newest_record(uint64_t choice) = 0;
  virtual Result<std::string> remove_record() = 0;
  // To a directory and from there; what is there is replaced.
  virtual Status copy_record(const std::string& to) = 0;
  virtual Status put_record_back(const std::string& from) = 0;

  // Removes the entries of the registry, as somebody who cleans up would. Gives what was done.
  virtual Result<std::string> remove_registry() = 0;
};

// The version whose text, or its first line, this is; nullopt where it is none.
std::optional<RecordVersion> record_of(const std::string& name, const std::string& text);

}  // namespace tandem::torture

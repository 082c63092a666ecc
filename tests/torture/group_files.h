// What a group keeps in files, read and damaged from outside: its record and its registry where these
// are local, the identities of its replicas. tandem-files(5) describes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "coordination.h"
#include "group.h"

namespace tandem::torture {

// Of the replica whose directory this is; "" where it cannot be read.
std::string storage_id_in(const std::string& directory);

// Coordination in the files below one directory.
class LocalCoordination final : public Coordination {
 public:
  explicit LocalCoordination(std::string directory) : directory_(std::move(directory)) {}

  std::optional<RecordVersion> record() override;
  bool has_left(const std::string& storage_id, const std::string& since) override;
  Result<std::string> remove_newest_record(uint64_t choice) override;
  Result<std::string> remove_record() override;
  Status copy_record(const std::string& to) override;
  Status put_record_back(const std::string& from) override;
  Result<std::string> remove_registry() override;

 private:
  // Those that can be read, the newest one last.
  std::vector<RecordVersion> versions() const;

  const std::string directory_;
};

// Removes what replicas are found by, as somebody who cleans up would: their entries in the
// registry, the files of their locks, sockets. Gives what was done.
Result<std::string> remove_what_finds(const Group& group);

// Whether the logs of two directories end alike.
bool have_same_log(const std::string& one, const std::string& other);

// Copies the plain files right in a directory to another one, which is empty then but for them.
// Those that go away meanwhile are left out: the directory may be in use. Where `to` is a mount
// point it stays one.
Status copy_files(const std::string& from, const std::string& to);

}  // namespace tandem::torture

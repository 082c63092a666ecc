// The directories of the workers' data, one each, with the worker's number as its name: what is in
// them, and carrying out what directory_fate.h decides. Knows files alone: what is to be known of
// processes and of the group, whoever asks adds.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "directory_fate.h"
#include "repl/types.h"

namespace tandem::orch {

class Directories {
 public:
  explicit Directories(std::string root) : root_(std::move(root)) {}

  std::string path(repl::ReplicaId id) const;
  // Of those that are there.
  std::vector<repl::ReplicaId> ids() const;
  // Data of a database, or nobody knows of what.
  bool holds_data(repl::ReplicaId id) const;
  // What a directory tells by itself; the other facts are as they are made.
  DirectoryFacts look(repl::ReplicaId id) const;
  // Why no worker of this version can use it, "" where one can: files of another format version.
  std::string refused(repl::ReplicaId id) const;

  // The group goes on without this storage: where it is still there when the next worker starts it
  // is moved out of its way first.
  void give_up(const repl::Member& member) { given_up_[member.id] = member.storage_id; }
  // Makes it so that a worker can start, and does as fate_at_start() said. Gives where the data was
  // moved to, "" where it was not. Errors: those of files; then nothing is to be started.
  // REQUIRES: not kWait.
  Result<std::string> prepare(repl::ReplicaId id, StartFate fate);
  // False: what was set aside is left in it. REQUIRES: may_be_removed(). `record`: as far as known.
  Result<bool> remove(repl::ReplicaId id, const std::optional<repl::Record>& record);

 private:
  Result<std::string> move_aside(repl::ReplicaId id) const;

  const std::string root_;
  std::map<repl::ReplicaId, uint64_t> given_up_;  // to be moved aside
};

}  // namespace tandem::orch

// The past that comes back: while a whole group is down, the directory of one replica is replaced
// by an earlier copy of it, or the record of the group by an earlier state. Copies are taken now
// and then, from replicas that run as from replicas that are down. One thread.
//
// A directory that went back has lost what its replica acknowledged, so it is one only where all
// others are in sync; its replica must be found out and come back under a new storage_id, unless
// the others have done without it before it came.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "group.h"
#include "subject.h"

namespace tandem::torture {

class Past {
 public:
  // Copies are kept below `directory`.
  explicit Past(std::string directory) : directory_(std::move(directory)) {}

  // Takes a copy of something of the group, where this choice wants it. Called after each fault has
  // struck.
  void pass(const Group& group, uint64_t choice);

  // Both take the group down and begin to start it, in an order by the choice; heal() starts the
  // rest. Give what was done. kUnavailable: there is no copy, or not all replicas are in sync.
  // REQUIRES: the group is whole.
  Result<std::string> directory_goes_back(Group& group, uint64_t choice);
  Result<std::string> record_goes_back(Group& group, uint64_t choice);
  // Starts what is down.
  void heal();

  // Looks at what became of directories that went back. REQUIRES: the group is whole again.
  void look();
  // REQUIRES: whole, as look().
  void judge(Judgement& judgement);

 private:
  struct WentBack {
    std::string directory;
    std::string storage_id;      // before, and in the copy
    Coordination* coordination;  // of its group
    std::string record_version;  // when it went back
  };
  std::string copy_of(const Group& group, const std::string& what) const;
  void remember_replica(const Group& group, int id);
  // An error where not every replica was in sync. REQUIRES: `who` are the replicas at least.
  Status halt(Group& group, Group::Who who);

  const std::string directory_;
  Group* halted_ = nullptr;
  std::map<std::string, int64_t> copied_us_;
  std::vector<WentBack> went_back_;
  int directories_ = 0;
  int anew_ = 0;
  int records_ = 0;
  std::vector<std::string> violations_;
};

}  // namespace tandem::torture

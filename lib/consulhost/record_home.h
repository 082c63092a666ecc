// Where the records of a system's groups are kept, for moving them from one back end to another
// while nothing of the system runs. All calls block.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "coord/coord.h"

namespace tandem::consulhost {

struct KeptGroup {
  std::string name;
  coord::Versioned record;
  std::vector<coord::Member> last;  // coord::Coord::last_members
  // The home where the record has been moved to (its name()): this one is void since, and programs
  // refuse to go on with it.
  std::optional<std::string> moved_to = {};
};

class RecordHome {
 public:
  virtual ~RecordHome() = default;
  // For people, and the same at each call: "Consul, below 'tandem'".
  virtual std::string name() const = 0;
  // Those that have a record, ordered by name.
  virtual Result<std::vector<KeptGroup>> groups() = 0;
  // kBusy, with who it is, where a process that coordinates here lives, or may.
  virtual Status nobody_lives() = 0;

  // All records here are void from now on.
  virtual Status mark_moved(const std::string& to) = 0;
  // What is put from now on does not count before end_move().
  virtual Status begin_move(const std::string& from) = 0;
  // REQUIRES: `there`, of the same name, is void, or nullptr: there is none.
  virtual Status put(const KeptGroup& group, const KeptGroup* there) = 0;
  // All of these are here, and count from now on, if they did not before.
  virtual Status end_move(const std::vector<KeptGroup>& groups) = 0;
};

// The name() of coord/local.h, the one home that a record in Consul can have been moved to.
inline constexpr char kLocalFiles[] = "local files";

// Whether somebody holds this lock file. One that is not there is held by nobody.
Result<bool> lock_is_held(const std::string& path);

}  // namespace tandem::consulhost

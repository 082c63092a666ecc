// What is known of the in-sync members of a group that do not answer, and what follows: what mends
// it, and whether an operator may give them up.
//
// Giving up members whose processes or disks are there erases what was acknowledged, and the words
// that an operator reads first are those that are followed. So the loss is named as a way out, and
// accepted, only where every member that would be given up is proven dead and what it had is gone
// or suspect; else what is said is what brings it back, and only an explicit force goes on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "coord/coord.h"
#include "repl/controller.h"
#include "repl/types.h"

namespace tandem::group {

struct LossEvidence {
  enum class Process { kDead, kRuns, kStopped, kUnknown };

  repl::Member member;
  Process process = Process::kUnknown;
  int64_t pid = 0;         // where it runs or is stopped
  bool data_lost = false;  // its directory is gone, holds other data, or is distrusted
  std::string directory;   // "": not known
  bool registered = false;
  std::string missing;  // the file of its socket, where that is not there

  bool proven() const { return process == Process::kDead && data_lost; }
};

// Looks at the processes and files of this host; blocks on small files. `directory`: "" where it is
// not known. `entry`: the member's last known entry in the registry. What is of another host, or
// cannot be read, is not known.
LossEvidence look_at_member(const repl::Member& member, const std::string& directory,
                            const std::optional<coord::Member>& entry, bool registered);
// The storage directory that an entry of the registry names.
std::string directory_of(const coord::Member& entry);

// What an operator is told a member is called: "worker 1", "ts-catalog".
struct LossWords {
  std::string replica = "replica";  // plural with s
  std::string program = "replica";  // of the process
  bool numbered = true;             // the group has more than one
  std::string command;              // that accepts the loss, before the ids
};

// A clause for one member: "worker 1 (pid 7) is stopped: kill -CONT 7".
std::string advice(const LossEvidence& evidence, const LossWords& words);
// How long nobody may have answered before it is told: at once where waiting cannot help, soon
// where it is seen what would, later where one may only be slow to start.
int64_t tell_after_ms(const std::vector<LossEvidence>& evidence);
// The sentence for /readyz and the log where no in-sync member answers. `survivor`: who would lead
// once the loss is accepted.
std::string silent_text(const std::vector<LossEvidence>& evidence, const LossWords& words,
                        const std::optional<repl::Candidate>& survivor);
// Its end: what brings these members back, or how they are given up.
std::string missing_text(const std::vector<LossEvidence>& evidence, const LossWords& words,
                         const std::optional<repl::Candidate>& survivor);
// The sentence where members of the set do not answer, and it may not get smaller without them.
std::string waiting_text(const std::vector<LossEvidence>& silent, const LossWords& words,
                         uint32_t min_in_sync);
// kConflict where one of them is not proven to be lost: names each such one, what mends it, and
// what is known to be lost by force.
Status may_give_up(const std::vector<LossEvidence>& evidence, const LossWords& words,
                   const std::optional<repl::Candidate>& survivor);

}  // namespace tandem::group

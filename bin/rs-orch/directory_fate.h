// What becomes of a worker's directory: whether a process is started on what is in it, whether what
// is in it is set aside, and when it may be removed. Pure: all that this program ever does to a
// directory follows from these functions.
//
// The rule: what may be the last copy of something acknowledged is neither removed nor left unused.
// That a copy elsewhere is good is seen, not assumed: its process answers, with the storage that
// the record names, in a group whose leader takes writes. What is not known counts against doing
// anything: the exit status of a process that this program did not start is unknown, and then the
// mark that the worker itself leaves is all there is (storage/set_aside.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tandem::orch {

struct DirectoryFacts {
  // --- of the directory ---
  bool has_data = false;  // of a database, or of one that cannot be told
  bool marked = false;    // the worker distrusted its disk
  bool old = false;       // ... as an older image of itself: the disk is well
  bool given_up = false;  // an operator has accepted its loss, and the group goes on without it
  // Of the last process on it: nullopt where that is not known (adopted, of an earlier life).
  std::optional<int64_t> exit_status;

  // --- of the group ---
  bool record_known = false;
  bool in_set = false;          // the record names this worker
  bool leads = false;           // and as the leader
  bool set_may_shrink = false;  // there are more members than the minimum
  bool leader_open = false;
  bool others_may_lead = false;  // another member is not known to have a failed disk
  size_t good_copies = 0;        // other members of the set that answer with the data
  size_t min_in_sync = 1;
};

enum class StartFate {
  kStart,  // on what is there
  kTrust,  // on what is there, although it is distrusted: nobody else has it
  // What is there is set aside by the worker, which finds the mark, and looks itself whether others
  // have the data.
  kStartNew,
  kWait,      // somebody else is to lead first, or to take it out of the set
  kMoveAway,  // what is there is set aside, and the worker begins anew
};
StartFate fate_at_start(const DirectoryFacts& facts);

// Of a worker that is retired: whether its directory may be removed now. Else it is kept, and asked
// for again.
bool may_be_removed(const DirectoryFacts& facts);

bool is_distrusted(const DirectoryFacts& facts);

}  // namespace tandem::orch

// Reading a log from disk at start, and deciding what damage means.
//
// A record that is broken (or missing) at index n ends the log at n - 1. What that means depends on
// what was known to be durable:
//   - Some later good record, or the slots of the promise file, claim that n was durable when they
//     were written: acknowledged data was lost. The replica is suspect.
//   - A segment is shorter than it was made, and the log does not end before that: a crash cannot
//     do this to a file that was synced at its full size. Suspect as well.
//   - Something else than a file has a segment's name, or that of the promise file: that is damaged
//     as a whole.
//   - Nobody claims it: a torn tail, writes that were under way and that nobody was told of. It is
//     cut, and reported, so that controllers can prefer members that did not cut.
// Nothing here writes, so that a suspect replica can take a new storage_id first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "storage/disk.h"
#include "storage/promise_file.h"

namespace tandem::storage {

struct Recovery {
  uint64_t cut_bytes = 0;  // erased at the end of the log, from the first to the last byte not 0
  uint64_t cut_after_index = 0;  // where cut_bytes > 0 or suspect: the last entry that was kept
  bool tail_was_torn = false;
  bool suspect = false;
  std::string suspect_reason;
  uint64_t committed_epoch = 0;  // of the mark that was saved last
  uint64_t committed_index = 0;  // 0: there is none
  // The payload of the log's last entry that opens an epoch or names a set; empty: there is none.
  std::string last_record;
  uint64_t promise = 0;  // the higher of the slots' and the last record's epoch
};

struct RecoveredSegment {
  uint64_t first_index = 0;
  uint32_t chain_before = 0;
  uint64_t epoch_before = 0;
  uint64_t size_bytes = 0;        // of the file as it was made
  bool short_file = false;        // the file has fewer bytes than that
  std::vector<uint32_t> offsets;  // of each record
  std::vector<uint32_t> chains;   // the chain value after each record
  std::vector<uint64_t> epochs;   // of each record
  uint64_t end_offset = 0;        // after the last record
  uint64_t dirty_end = 0;         // after the last byte that is not 0; > end_offset: to be erased
};

struct RecoveredLog {
  Recovery recovery;
  PromiseState promise;           // of the newest slot, with the promise of recovery
  uint64_t promise_sequence = 0;  // of the newest slot; 0: both are broken or missing
  bool fresh = false;             // no promise file and no segment: a new directory
  // What goes on being used, in order; empty where the log has to be made anew.
  std::vector<RecoveredSegment> segments;
  std::vector<std::string> remove;  // names of segments after the end of the log
};

// kConfig: a file is of another format version.
Result<RecoveredLog> recover_log(Disk& disk, const std::string& directory, size_t max_entry_bytes);

}  // namespace tandem::storage

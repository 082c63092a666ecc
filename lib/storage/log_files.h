// From the files that a process finds to files that can be written to: recovery's verdict carried
// out. Blocks; used by Log::open alone.
#pragma once

#include <memory>
#include <string>

#include "base/function.h"
#include "base/result.h"
#include "storage/disk.h"
#include "storage/promise_file.h"
#include "storage/recovery.h"

namespace tandem::storage {

struct LogFiles {
  RecoveredLog log;               // with at least one segment, everything in it durable
  std::unique_ptr<File> segment;  // the last one
  std::unique_ptr<PromiseFile> promise_file;
};

// Recovers, erases what is to be cut, completes a change that was under way. Where the log is
// suspect, `on_suspect` comes before the first write.
Result<LogFiles> open_log_files(Disk& disk, const std::string& directory, uint64_t segment_bytes,
                                size_t max_entry_bytes,
                                UniqueFunction<Status(const std::string&)>& on_suspect);

}  // namespace tandem::storage

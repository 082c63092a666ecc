// Watches the record of a group: inotify on its directory, and a slow poll for what that misses.
#pragma once

#include <cstdint>
#include <optional>

#include "coord/coord.h"
#include "coord/job_queue.h"
#include "coord/record_files.h"
#include "loop/loop.h"

namespace tandem::coord {

class LocalWatch final : public Watch {
 public:
  LocalWatch(loop::Loop& loop, RecordFiles files, uint64_t poll_ms,
             UniqueFunction<void(const Versioned&)> on_change);

 private:
  void look();
  void on_looked(Result<std::optional<Versioned>> found);

  RecordFiles files_;
  UniqueFunction<void(const Versioned&)> on_change_;
  std::optional<uint64_t> seen_version_;
  bool watching_ = false;
  bool looking_ = false;
  bool again_ = false;  // something happened during a look
  bool failing_ = false;
  JobQueue jobs_;
  loop::FileWatch watch_;
  loop::Timer poll_;
};

}  // namespace tandem::coord

// Prepares the log's next segments on a thread of its own: a file full of zeros, synced, under a
// temporary name. Zeros are written and not only reserved, so that later writes into the file
// change no metadata (fdatasync is then about twice as fast) and cannot run out of space.
//
// A full disk is not an error: the half-made file is removed, has_space() turns false, and it tries
// again until there is space. Any other error is given to the next take(), for good.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/result.h"
#include "storage/disk.h"

namespace tandem::storage {

struct PreparedSegment {
  std::unique_ptr<File> file;
  std::string path;  // the temporary one
};

class SegmentMaker {
 public:
  SegmentMaker(Disk& disk, std::string directory, uint64_t segment_bytes, uint64_t retry_ms);
  ~SegmentMaker();  // a take() that waits ends with an error; stop() has done so before, or not
  SegmentMaker(const SegmentMaker&) = delete;
  SegmentMaker& operator=(const SegmentMaker&) = delete;

  // Any thread: one more segment is wanted.
  void request();
  // Any thread: a segment that was requested, waiting for it.
  Result<PreparedSegment> take();
  // Any thread.
  bool has_space() const { return has_space_.load(std::memory_order_relaxed); }
  // From now on take() fails where it would have to wait.
  void stop();

 private:
  void run();
  Result<PreparedSegment> make(uint64_t number);

  Disk& disk_;
  const std::string directory_;
  const uint64_t segment_bytes_;
  const uint64_t retry_ms_;
  std::atomic<bool> has_space_{true};

  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t wanted_ = 0;                              // guarded by mutex_, as what follows
  std::optional<Result<PreparedSegment>> prepared_;  // an error stays
  bool stopping_ = false;
  std::thread thread_;  // started last
};

// Writes zeros over [from, to) of `file`.
Status write_zeros(File& file, uint64_t from, uint64_t to);

}  // namespace tandem::storage

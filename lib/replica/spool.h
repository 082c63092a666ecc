// A picture of the state on its way to whoever takes it: a file without a name in the directory of the
// replica. It is written as fast as the state can be read, so that neither the picture in memory nor a
// transaction of PostgreSQL is held for as long as a client takes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "file/descriptor.h"
#include "repl/applier.h"

namespace tandem::replica {

// What the rows of a snapshot become in the file; each appends to `out`. On the thread that writes.
class SpoolForm {
 public:
  virtual ~SpoolForm() = default;
  // "export": for messages.
  virtual std::string_view noun() const = 0;
  virtual Status begin(std::string& out) {
    static_cast<void>(out);
    return {};
  }
  virtual Status row(std::string_view row, std::string& out) = 0;
  virtual Status finish(std::string& out) = 0;
};

class Spool {
 public:
  // What has to stay free on the disk, for the log.
  static constexpr uint64_t kSpareBytes = uint64_t{64} << 20;

  explicit Spool(std::string directory, uint64_t spare_bytes = kSpareBytes)
      : directory_(std::move(directory)), spare_bytes_(spare_bytes) {}

  // On a thread where nobody waits, once. kNoSpace: no more than the spare bytes are left; kTimeout:
  // it was dropped, or `stopping` says so.
  Status write(repl::Picture picture, SpoolForm& form, const std::function<bool()>& stopping);
  // From any thread: nobody wants it any more.
  void drop() { dropped_.store(true, std::memory_order_relaxed); }

  // Up to so many bytes from there on, on any thread; none at the end. REQUIRES: write() has ended
  // without an error.
  Result<std::string> read(uint64_t offset, size_t max_bytes) const;

 private:
  Status flush(std::string& text, std::string_view noun);

  const std::string directory_;
  const uint64_t spare_bytes_;
  file::Descriptor file_;
  uint64_t size_ = 0;
  std::atomic<bool> dropped_{false};
};

}  // namespace tandem::replica

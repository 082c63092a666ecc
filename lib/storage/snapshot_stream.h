// Checks a snapshot as its bytes come by, from the network, a pipe or a file: every byte, and every
// row as whoever restores it would. What is in memory is one line. Pure.
//
// A damaged row may be seen before it is known that the bytes are not those that were written: what
// is wrong is told at the end, the damage first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/snapshot.h"

namespace tandem::storage {

class SnapshotStream {
 public:
  // Whether a row can be restored, and, at the end, whether all of them can.
  struct Rows {
    std::function<Status(std::string_view row)> check;
    std::function<Status()> finish;
  };

  explicit SnapshotStream(Rows rows) : rows_check_(std::move(rows)) {}

  // Takes the bytes that follow, up to the end of the snapshot: how many. kBadInput: it is no
  // snapshot, or one of another format version; kCorrupt: damaged. Both say where.
  Result<size_t> add(std::string_view bytes);
  // No more bytes come: whether all of it was there.
  Status end() const;

  bool whole() const { return whole_; }
  bool has_header() const { return header_.has_value(); }
  // REQUIRES: has_header()
  const SnapshotHeader& header() const { return *header_; }
  uint64_t rows() const { return rows_; }
  uint64_t bytes() const { return bytes_; }

 private:
  Status take_line(std::string_view line);
  Status take_header(std::string_view line);
  Status take_trailer(uint64_t rows, uint32_t crc);
  tl::unexpected<Error> damaged(const std::string& what) const;

  const Rows rows_check_;
  std::optional<SnapshotHeader> header_;
  std::string line_;  // begun
  uint64_t lines_ = 0;
  uint64_t rows_ = 0;
  uint64_t bytes_ = 0;
  uint32_t crc_ = 0;       // of all lines so far
  uint64_t bad_line_ = 0;  // the first row that cannot be restored; 0: none
  std::string why_bad_;
  bool whole_ = false;
};

}  // namespace tandem::storage

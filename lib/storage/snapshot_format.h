// The header and the trailer of a snapshot, and the names of its files. Described for people in
// tandem-log(5).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/snapshot.h"

namespace tandem::storage {

struct SnapshotTrailer {
  uint64_t rows = 0;
  uint32_t crc = 0;  // of every byte before the trailer's line
};

// No trailer line is longer.
constexpr size_t kMaxTrailerBytes = 128;

// One line of JSON without its newline, and back; kCorrupt says what is wrong.
std::string encode_snapshot_header(const SnapshotHeader& header);
// kConfig: the line is the header of a snapshot of another format version.
Status check_snapshot_format(std::string_view line, const std::string& path);
Result<SnapshotHeader> decode_snapshot_header(std::string_view line);
std::string encode_snapshot_trailer(const SnapshotTrailer& trailer);
Result<SnapshotTrailer> decode_snapshot_trailer(std::string_view line);

// The lines of a snapshot in their order, appended to whatever they are on their way to.
class SnapshotLines {
 public:
  void header(const SnapshotHeader& header, std::string& out) {
    put(encode_snapshot_header(header), out);
  }
  // A line of JSON without its newline.
  void row(std::string_view row, std::string& out) {
    put(row, out);
    ++rows_;
  }
  void trailer(std::string& out) { put(encode_snapshot_trailer({rows_, crc_}), out); }
  uint64_t rows() const { return rows_; }

 private:
  void put(std::string_view line, std::string& out);

  uint64_t rows_ = 0;
  uint32_t crc_ = 0;
};

// "snap-00000000000000000042.ndjson"; parse: false for any other name.
std::string snapshot_name(uint64_t index);
bool parse_snapshot_name(std::string_view name, uint64_t& index);
bool is_unfinished_snapshot_name(std::string_view name);

}  // namespace tandem::storage

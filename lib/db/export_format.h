// The format of an export: what the tables hold at one index of the log, as lines of JSON.
//
//   header    {"format":"tandem-export-1","group":"rides-db","index":12,"time_ms":…,
//              "schema":{…},"counters":{"rides":7},"crc32c":"89abcdef"}       (one line)
//   *row      {"table":"users","row":{…}}    as in a snapshot: table by table, by key
//   trailer   {"rows":{"users":2,"rides":3},"crc32c":"01234567"}
//
// Each line ends with a newline. The checksum of the header is that of its text up to
// `,"crc32c"`, that of the trailer is of all rows with their newlines. So a file that was cut or
// damaged is found out, and what follows the header is the same wherever the tables are. The keys
// of exactly-once are not in it: whoever gets these rows begins a history of their own.
//
// Source of truth for readers: tandem-log(5). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "db/schema.h"
#include "db/snapshot_row.h"

namespace tandem::db {

constexpr std::string_view kExportFormat = "tandem-export-1";

struct ExportHeader {
  std::string group;
  uint64_t index = 0;
  int64_t time_ms = 0;  // log time of that entry
  Schema schema;
  std::vector<int64_t> counters = {};  // by number of the table; 0 where it has none
};

std::string export_header(const ExportHeader& header);

// Makes the lines of the rows of a snapshot (snapshot_row.h), in their order.
class ExportWriter {
 public:
  ExportWriter(std::string group, uint64_t index, int64_t time_ms) {
    header_.group = std::move(group);
    header_.index = index;
    header_.time_ms = time_ms;
  }

  // Appends what that row becomes. kCorrupt: it is none.
  Status add(std::string_view row, std::string& out);
  // Appends the end.
  Status finish(std::string& out);

 private:
  Status begin(std::string& out);

  ExportHeader header_;
  bool has_schema_ = false;
  bool begun_ = false;
  std::vector<std::string> starts_;  // {"table":"users", for each table
  std::vector<uint64_t> rows_;
  size_t table_ = 0;  // of the last row
  uint32_t crc_ = 0;
};

// Reads an export line by line. Errors are kCorrupt, of a format that is none of ours kBadInput; they
// name the line.
class ExportReader {
 public:
  // kRows reads every row as an import does: its columns and values, its place in the order.
  enum class Depth { kLines, kRows };
  explicit ExportReader(Depth depth) : depth_(depth) {}

  // A line without its newline.
  Status line(std::string_view text);
  // Nothing follows.
  Status end() const;

  uint64_t lines() const { return lines_; }
  bool has_header() const { return header_.has_value(); }
  // REQUIRES: has_header()
  const ExportHeader& header() const { return *header_; }
  // By number of the table, so far.
  const std::vector<uint64_t>& rows() const { return rows_; }
  uint64_t total_rows() const { return total_rows_; }
  bool complete() const { return complete_; }
  // Of the last line; kNoTable where that was none.
  static constexpr size_t kNoTable = SIZE_MAX;
  size_t table() const { return table_; }
  // That row. REQUIRES: it was one, and kRows.
  const Row& row() const { return checker_.last().row; }

 private:
  Status read_header(std::string_view text);
  Status read_row(std::string_view text);
  Status read_trailer(std::string_view text);

  const Depth depth_;
  uint64_t lines_ = 0;
  std::optional<ExportHeader> header_;
  SnapshotRowChecker checker_;
  std::vector<std::string> starts_;
  std::vector<uint64_t> rows_;
  uint64_t total_rows_ = 0;
  size_t table_ = kNoTable;
  size_t last_table_ = 0;
  uint32_t crc_ = 0;
  bool complete_ = false;
};

}  // namespace tandem::db

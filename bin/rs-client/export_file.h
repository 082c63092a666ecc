// A file that holds an export of the database (db/export_format.h), to be read more than once: where
// it comes through a pipe it is kept in a file without a name in $TMPDIR meanwhile. So all of it is
// checked before the first row is written anywhere.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "db/export_format.h"
#include "file/descriptor.h"

namespace tandem::client {

// The rows of a table, which follow each other.
struct ExportSection {
  uint64_t offset = 0;      // of its first line, in bytes
  uint64_t end = 0;         // behind its last one
  uint64_t first_line = 0;  // its number, from 1
  uint64_t rows = 0;
  db::Row first;  // rows; empty where there are none
  db::Row last;
};

// Lines of an open file from an offset on.
class FileLines {
 public:
  FileLines(const file::Descriptor& file, std::string name, uint64_t offset, uint64_t end)
      : file_(file), name_(std::move(name)), read_to_(offset), end_(end) {}

  // The next one without its newline, good until the next call; false: there is none.
  Result<bool> next(std::string_view& line);
  // Told of all bytes as they are read.
  void on_bytes(std::function<void(std::string_view)> tell) { tell_ = std::move(tell); }
  // Whether the last one has its newline.
  bool line_ended() const { return line_ended_; }
  // Behind that line.
  uint64_t offset() const { return read_to_ - (buffer_.size() - used_); }

 private:
  Result<bool> read_more();

  const file::Descriptor& file_;
  const std::string name_;
  uint64_t read_to_;
  const uint64_t end_;
  std::string buffer_;
  size_t used_ = 0;
  bool line_ended_ = true;
  std::function<void(std::string_view)> tell_;
};

class ExportFile {
 public:
  // How far it has come, in bytes; false: stop.
  using Progress = std::function<bool(uint64_t bytes)>;

  // "-": standard input. Blocks until all of a pipe was read. kUnavailable: it cannot be opened.
  static Result<ExportFile> open(const std::string& path, const Progress& progress);

  // Reads all of it, as an import has to: kCorrupt, kBadInput and where.
  Status check(const Progress& progress);

  // REQUIRES, of all that follows: check() was without an error.
  const db::ExportHeader& header() const { return *header_; }
  // By number of the table.
  const std::vector<ExportSection>& sections() const { return sections_; }
  uint64_t rows() const;
  // Of all bytes, in hex.
  const std::string& sha256() const { return sha256_; }
  FileLines lines(const ExportSection& section) const {
    return FileLines(file_, name_, section.offset, section.end);
  }
  const std::string& name() const { return name_; }

 private:
  ExportFile(std::string name, file::Descriptor file)
      : name_(std::move(name)), file_(std::move(file)) {}

  std::string name_;  // for messages
  file::Descriptor file_;
  uint64_t size_ = 0;
  std::optional<db::ExportHeader> header_;
  std::vector<ExportSection> sections_;
  std::string sha256_;
};

}  // namespace tandem::client

// Snapshots of a state machine: flat files that a person can read, `snap-<index>.ndjson`:
//
//   {"format":"tandem-snapshot-1","lineage":"…","group":"…","index":7,"epoch":2,…,"crc32c":"…"}
//   one row a line, JSON
//   {"rows":123,"crc32c":"89abcdef"}        the checksum is of every byte before this line
//
// They are written under a temporary name, synced, renamed; so a file under its own name is
// complete, and the checksums are there against a disk that rots. The header has one of its own, so
// that a start need not read the rows that nobody wants. See tandem-log(5).
//
// Thread: each object by one thread at a time; different objects by different threads. All block on
// the disk: use loop::run_work for writing, and for reading what is big.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/disk.h"

namespace tandem::storage {

class Log;

struct SnapshotHeader {
  uint64_t lineage = 0;
  std::string group;
  uint64_t index = 0;       // the last entry that is in it
  uint64_t epoch = 0;       // of that entry
  uint32_t record_crc = 0;  // Log::crc_at(index)
  int64_t time_ms = 0;      // log time at that entry
  int64_t created_ms = 0;   // wall clock, ms since 1970, for people
  std::string record;       // the newest that was known then, as text; the log may be cut short
  bool operator==(const SnapshotHeader&) const = default;
};

// Whether the log goes on from the snapshot: it reaches down to it, up to it, and has the same
// entries. Where not, the owner makes it so with log.reset(header.index, epoch, record_crc).
bool log_continues(const Log& log, const SnapshotHeader& header);

class SnapshotLines;
class SnapshotReader;

class SnapshotWriter {
 public:
  static Result<std::unique_ptr<SnapshotWriter>> create(const std::string& directory,
                                                        const SnapshotHeader& header,
                                                        Disk& disk = system_disk());
  ~SnapshotWriter();  // removes the temporary file where finish() did not succeed
  SnapshotWriter(const SnapshotWriter&) = delete;
  SnapshotWriter& operator=(const SnapshotWriter&) = delete;

  // A line of JSON without its newline. False: writing failed (finish() says why); for RowSink.
  bool add_row(std::string_view row);
  // Complete and synced, but under a temporary name still: it may be read back from there before
  // it takes the place of others. finish() calls it where it was not.
  Status seal();
  Result<std::unique_ptr<SnapshotReader>> read_back() const;  // REQUIRES: seal() succeeded
  // Durable and under its name when this returns without an error.
  Status finish();

 private:
  SnapshotWriter(Disk& disk, std::string directory, uint64_t index, std::unique_ptr<File> file);
  Status write_out();
  std::string temporary_path() const;

  Disk& disk_;
  std::string directory_;
  uint64_t index_;
  std::unique_ptr<File> file_;
  std::unique_ptr<SnapshotLines> lines_;
  std::string buffer_;
  uint64_t written_bytes_ = 0;
  Status status_;
  bool sealed_ = false;
  bool finished_ = false;
};

// A snapshot with a right header; its rows are verified when they are read. It stays readable while
// it is pruned.
class SnapshotReader {
 public:
  // Reads both ends of the file; all of it where the header has no checksum, as older versions wrote
  // it. kCorrupt: damaged; kConfig: of another format version; kNotFound: there is none.
  static Result<std::unique_ptr<SnapshotReader>> open(const std::string& path,
                                                      Disk& disk = system_disk());
  const SnapshotHeader& header() const { return header_; }
  uint64_t rows() const { return rows_; }
  uint64_t size_bytes() const { return size_bytes_; }

  // The next row into `row`; false at the end, if every byte was as it was written. kIo, kCorrupt:
  // what was read before may be wrong, too.
  Result<bool> next_row(std::string& row);
  // Before the first row again.
  void rewind();
  // Raw bytes of the file, for sending it to a learner; fewer than max_bytes only at its end.
  Result<std::string> read_raw(uint64_t offset, size_t max_bytes) const;
  // Reads all of it, on any thread, while another one reads rows. kTimeout: it was stopped.
  Status verify(const std::function<bool()>& stopping) const;
  // Whether all of it has been found to be right, by verify() or by reading all rows.
  bool verified() const { return verified_.load(std::memory_order_relaxed); }

 private:
  SnapshotReader(std::string path, std::unique_ptr<File> file)
      : path_(std::move(path)), file_(std::move(file)) {}
  Status read_ends();
  Status read_trailer();
  Result<bool> next_line(std::string& line);
  Status check_end() const;
  tl::unexpected<Error> damaged(const std::string& what) const;

  std::string path_;
  std::unique_ptr<File> file_;
  SnapshotHeader header_;
  uint64_t rows_ = 0;
  uint64_t size_bytes_ = 0;
  uint64_t first_row_at_ = 0;
  uint64_t trailer_at_ = 0;
  uint32_t header_crc_ = 0;
  uint32_t whole_crc_ = 0;  // as the trailer says
  mutable std::atomic<bool> verified_{false};

  uint64_t rows_given_ = 0;
  uint64_t position_ = 0;  // of the next block to read
  uint32_t crc_ = 0;       // of what lies before it
  std::string block_;
  size_t block_used_ = 0;
};

// Receives a snapshot in pieces into a temporary file.
class SnapshotReceiver {
 public:
  // kNoSpace: there is no room for all of it.
  static Result<std::unique_ptr<SnapshotReceiver>> create(const std::string& directory,
                                                          uint64_t index, uint64_t total_bytes,
                                                          Disk& disk = system_disk());
  ~SnapshotReceiver();  // removes the temporary file where finish() did not succeed
  SnapshotReceiver(const SnapshotReceiver&) = delete;
  SnapshotReceiver& operator=(const SnapshotReceiver&) = delete;

  uint64_t index() const { return index_; }
  uint64_t have_bytes() const { return have_bytes_; }
  // Takes the piece where it continues have_bytes(); one that was taken already changes nothing;
  // one that leaves a gap is kBadInput and changes nothing.
  Status write(uint64_t offset, std::string_view data);
  // Opens what came in, which has the right index. kCorrupt: start over.
  Result<std::unique_ptr<SnapshotReader>> read_back() const;
  // In two steps, after read_back(): all of it on the disk, then under its name.
  Status sync() { return file_->sync(); }
  Status put_in_place();
  // All of these, when all of it was verified.
  Result<SnapshotHeader> finish();

 private:
  SnapshotReceiver(Disk& disk, std::string directory, uint64_t index, std::string temporary_path,
                   std::unique_ptr<File> file);

  Disk& disk_;
  std::string directory_;
  uint64_t index_;
  std::string temporary_path_;  // its own: there may be several of one index for a moment
  std::unique_ptr<File> file_;
  uint64_t have_bytes_ = 0;
  bool finished_ = false;
};

struct SnapshotFile {
  uint64_t index = 0;
  std::string path;
};

// By name alone, newest first.
Result<std::vector<SnapshotFile>> list_snapshots(const std::string& directory,
                                                 Disk& disk = system_disk());
// Renames a snapshot that cannot be used to <name>.unreadable, so that it is neither taken again
// nor counted by prune_snapshots; of such files the newest two are kept.
Status set_snapshot_aside(const std::string& directory, uint64_t index, Disk& disk = system_disk());
// Keeps the newest `keep` (at least one) and removes older ones, oldest first; what cannot be removed
// (a directory, a file that may not be) keeps the others from nothing, and is the error.
Status prune_snapshots(const std::string& directory, size_t keep, Disk& disk = system_disk());
// Temporary files of a process that died, as far as they can be removed: once at start, before
// anything is written.
Status remove_unfinished_snapshots(const std::string& directory, Disk& disk = system_disk());

}  // namespace tandem::storage

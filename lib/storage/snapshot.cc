#include "storage/snapshot.h"

#include <algorithm>
#include <atomic>
#include <functional>

#include "storage/log.h"
#include "storage/snapshot_format.h"
#include "wire/crc32c.h"
#include "wire/sealed_text.h"

namespace tandem::storage {
namespace {

constexpr size_t kBlockBytes = 256 << 10;
constexpr std::string_view kUnreadable = ".unreadable";
constexpr size_t kKeepUnreadable = 2;

// std::count() looks at one byte after the other.
uint64_t lines_in(std::string_view block) {
  uint64_t lines = 0;
  for (size_t at = 0; (at = block.find('\n', at)) != std::string_view::npos; ++at) ++lines;
  return lines;
}

}  // namespace

bool log_continues(const Log& log, const SnapshotHeader& header) {
  return header.index >= log.base_index() && header.index <= log.last_index() &&
         log.crc_at(header.index) == header.record_crc &&
         log.epoch_at(header.index) == header.epoch;
}

// --- writing ---

Result<std::unique_ptr<SnapshotWriter>> SnapshotWriter::create(const std::string& directory,
                                                               const SnapshotHeader& header,
                                                               Disk& disk) {
  const std::string path = directory + "/" + snapshot_name(header.index) + ".tmp";
  auto file = disk.open(path, OpenMode::kReplace);
  if (!file) return fail(file.error());
  // NOLINTNEXTLINE: the constructor is private
  std::unique_ptr<SnapshotWriter> writer(
      new SnapshotWriter(disk, directory, header.index, std::move(*file)));
  writer->lines_->header(header, writer->buffer_);
  return writer;
}

SnapshotWriter::SnapshotWriter(Disk& disk, std::string directory, uint64_t index,
                               std::unique_ptr<File> file)
    : disk_(disk),
      directory_(std::move(directory)),
      index_(index),
      file_(std::move(file)),
      lines_(std::make_unique<SnapshotLines>()) {}

SnapshotWriter::~SnapshotWriter() {
  // Best effort: what is left over is removed at the next start.
  if (!finished_) static_cast<void>(disk_.remove(temporary_path()));
}

std::string SnapshotWriter::temporary_path() const {
  return directory_ + "/" + snapshot_name(index_) + ".tmp";
}

bool SnapshotWriter::add_row(std::string_view row) {
  if (!status_) return false;
  lines_->row(row, buffer_);
  if (buffer_.size() >= kBlockBytes) status_ = write_out();
  return status_.has_value();
}

Status SnapshotWriter::write_out() {
  if (Status written = file_->write_at(written_bytes_, buffer_); !written) return written;
  written_bytes_ += buffer_.size();
  buffer_.clear();
  return {};
}

Status SnapshotWriter::seal() {
  if (sealed_) return status_;
  sealed_ = true;
  if (!status_) return status_;
  lines_->trailer(buffer_);
  status_ = write_out();
  if (status_) status_ = file_->sync();
  return status_;
}

Result<std::unique_ptr<SnapshotReader>> SnapshotWriter::read_back() const {
  return SnapshotReader::open(temporary_path(), disk_);
}

Status SnapshotWriter::finish() {
  if (seal()) status_ = disk_.rename(temporary_path(), directory_ + "/" + snapshot_name(index_));
  if (!status_) return status_;
  finished_ = true;
  return disk_.sync_directory(directory_);
}

// --- reading ---

Result<std::unique_ptr<SnapshotReader>> SnapshotReader::open(const std::string& path, Disk& disk) {
  auto file = disk.open(path, OpenMode::kRead);
  if (!file) return fail(file.error());
  // NOLINTNEXTLINE: the constructor is private
  std::unique_ptr<SnapshotReader> reader(new SnapshotReader(path, std::move(*file)));
  if (Status read = reader->read_ends(); !read) return fail(read.error());
  reader->rewind();
  return reader;
}

tl::unexpected<Error> SnapshotReader::damaged(const std::string& what) const {
  return fail(ErrorKind::kCorrupt, "snapshot '" + path_ + "' is damaged: " + what);
}

Status SnapshotReader::read_ends() {
  if (Status read = read_trailer(); !read) return read;
  std::string line;
  if (const Result<bool> first = next_line(line); !first) return fail(first.error());
  const wire::Seal seal = wire::seal_of(line);
  if (seal == wire::Seal::kWrong) return damaged("its header's checksum is wrong");
  if (seal == wire::Seal::kNone) {
    if (Status whole = verify([] { return false; }); !whole) return whole;
  }
  if (Status known = check_snapshot_format(line, path_); !known) return known;
  auto header = decode_snapshot_header(line);
  if (!header) return damaged(header.error().message);
  header_ = std::move(*header);
  line += '\n';
  header_crc_ = wire::crc32c(line);
  first_row_at_ = line.size();
  return {};
}

// The last line, which is short.
Status SnapshotReader::read_trailer() {
  const Result<uint64_t> size = file_->size();
  if (!size) return fail(size.error());
  size_bytes_ = *size;
  const uint64_t tail_at = size_bytes_ - std::min<uint64_t>(size_bytes_, kMaxTrailerBytes);
  std::string tail;
  if (Status read = file_->read_at(tail_at, kMaxTrailerBytes, tail); !read) return read;
  if (tail.empty() || tail.back() != '\n') return damaged("it has no end");
  tail.pop_back();
  const size_t newline = tail.find_last_of('\n');
  if (newline == std::string::npos) return damaged("it has no trailer");
  const auto trailer = decode_snapshot_trailer(std::string_view(tail).substr(newline + 1));
  if (!trailer) return damaged(trailer.error().message);
  trailer_at_ = tail_at + newline + 1;
  rows_ = trailer->rows;
  whole_crc_ = trailer->crc;
  return {};
}

Status SnapshotReader::verify(const std::function<bool()>& stopping) const {
  std::string block;
  uint32_t crc = 0;
  uint64_t lines = 0;
  for (uint64_t at = 0; at < trailer_at_; at += block.size()) {
    if (stopping()) return fail(ErrorKind::kTimeout, "stopped");
    const size_t want = std::min<uint64_t>(kBlockBytes, trailer_at_ - at);
    if (Status read = file_->read_at(at, want, block); !read) return read;
    if (block.empty()) return damaged("it ends too soon");
    crc = wire::crc32c(block, crc);
    lines += lines_in(block);
  }
  if (crc != whole_crc_) return damaged("its checksum is wrong");
  if (lines != rows_ + 1) return damaged("its number of rows is wrong");
  verified_ = true;
  return {};
}

void SnapshotReader::rewind() {
  block_.clear();
  block_used_ = 0;
  position_ = first_row_at_;
  crc_ = header_crc_;
  rows_given_ = 0;
}

Result<bool> SnapshotReader::next_line(std::string& line) {
  line.clear();
  while (true) {
    const size_t newline = block_.find('\n', block_used_);
    line.append(block_, block_used_, newline - block_used_);
    if (newline != std::string::npos) {
      block_used_ = newline + 1;
      return true;
    }
    const size_t want = std::min<uint64_t>(kBlockBytes, trailer_at_ - position_);
    if (Status read = file_->read_at(position_, want, block_); !read) {
      return fail(read.error());
    }
    if (block_.empty()) return damaged("it ends too soon");
    block_used_ = 0;
    position_ += block_.size();
    crc_ = wire::crc32c(block_, crc_);
  }
}

Result<bool> SnapshotReader::next_row(std::string& row) {
  if (rows_given_ < rows_) {
    ++rows_given_;
    return next_line(row);
  }
  if (Status right = check_end(); !right) return fail(right.error());
  return false;
}

// After the last row.
Status SnapshotReader::check_end() const {
  if (block_used_ < block_.size() || position_ < trailer_at_) {
    return damaged("its number of rows is wrong");
  }
  if (crc_ != whole_crc_) return damaged("its checksum is wrong");
  verified_ = true;
  return {};
}

Result<std::string> SnapshotReader::read_raw(uint64_t offset, size_t max_bytes) const {
  std::string bytes;
  if (Status read = file_->read_at(offset, max_bytes, bytes); !read) return fail(read.error());
  return bytes;
}

// --- receiving ---

Result<std::unique_ptr<SnapshotReceiver>> SnapshotReceiver::create(const std::string& directory,
                                                                   uint64_t index,
                                                                   uint64_t total_bytes,
                                                                   Disk& disk) {
  // One that is read on another thread may go, and its file with it, when the next is there.
  static std::atomic<uint64_t> last_number{0};
  std::string path = directory + "/" + snapshot_name(index) + ".incoming-" +
                     std::to_string(++last_number) + ".tmp";
  auto file = disk.open(path, OpenMode::kReplace);
  if (!file) return fail(file.error());
  // NOLINTNEXTLINE: the constructor is private
  auto receiver = std::unique_ptr<SnapshotReceiver>(
      new SnapshotReceiver(disk, directory, index, std::move(path), std::move(*file)));
  // Where it does not fit, the log beside it must not lose what room there is to a part of it.
  if (Status room = receiver->file_->reserve(total_bytes); !room) {
    return fail(std::move(room.error()));
  }
  return receiver;
}

SnapshotReceiver::SnapshotReceiver(Disk& disk, std::string directory, uint64_t index,
                                   std::string temporary_path, std::unique_ptr<File> file)
    : disk_(disk),
      directory_(std::move(directory)),
      index_(index),
      temporary_path_(std::move(temporary_path)),
      file_(std::move(file)) {}

SnapshotReceiver::~SnapshotReceiver() {
  // Best effort: what is left over is removed at the next start.
  if (!finished_) static_cast<void>(disk_.remove(temporary_path_));
}

Status SnapshotReceiver::write(uint64_t offset, std::string_view data) {
  if (offset > have_bytes_) {
    return fail(ErrorKind::kBadInput, "a piece of snapshot " + std::to_string(index_) +
                                          " is missing at byte " + std::to_string(have_bytes_));
  }
  if (offset + data.size() <= have_bytes_) return {};
  data.remove_prefix(have_bytes_ - offset);
  if (Status written = file_->write_at(have_bytes_, data); !written) return written;
  have_bytes_ += data.size();
  return {};
}

Result<std::unique_ptr<SnapshotReader>> SnapshotReceiver::read_back() const {
  auto reader = SnapshotReader::open(temporary_path_, disk_);
  if (!reader) return reader;
  const uint64_t index = (*reader)->header().index;
  if (index != index_) {
    return fail(ErrorKind::kCorrupt, "snapshot " + std::to_string(index_) +
                                         " says that it is snapshot " + std::to_string(index));
  }
  return reader;
}

Status SnapshotReceiver::put_in_place() {
  const std::string path = directory_ + "/" + snapshot_name(index_);
  if (Status s = disk_.rename(temporary_path_, path); !s) return s;
  finished_ = true;
  return disk_.sync_directory(directory_);
}

Result<SnapshotHeader> SnapshotReceiver::finish() {
  const auto reader = read_back();
  if (!reader) return fail(reader.error());
  Status done = (*reader)->verify([] { return false; });
  if (done) done = sync();
  if (done) done = put_in_place();
  if (!done) return fail(std::move(done.error()));
  return (*reader)->header();
}

// --- the directory ---

Result<std::vector<SnapshotFile>> list_snapshots(const std::string& directory, Disk& disk) {
  const auto names = disk.list(directory);
  if (!names) return fail(names.error());
  std::vector<SnapshotFile> snapshots;
  for (const std::string& name : *names) {
    uint64_t index = 0;
    if (parse_snapshot_name(name, index)) snapshots.push_back({index, directory + "/" + name});
  }
  std::sort(snapshots.begin(), snapshots.end(),
            [](const SnapshotFile& a, const SnapshotFile& b) { return a.index > b.index; });
  return snapshots;
}

Status set_snapshot_aside(const std::string& directory, uint64_t index, Disk& disk) {
  const std::string path = directory + "/" + snapshot_name(index);
  if (Status s = disk.rename(path, path + std::string(kUnreadable)); !s) return s;
  auto names = disk.list(directory);
  if (!names) return fail(names.error());
  std::erase_if(*names, [](std::string_view name) {
    uint64_t of = 0;
    if (!name.ends_with(kUnreadable)) return true;
    name.remove_suffix(kUnreadable.size());
    return !parse_snapshot_name(name, of);
  });
  std::sort(names->begin(), names->end(), std::greater<>());  // by their indexes, newest first
  for (size_t i = kKeepUnreadable; i < names->size(); ++i) {
    static_cast<void>(disk.remove(directory + "/" + (*names)[i]));  // what stays only takes room
  }
  return disk.sync_directory(directory);
}

Status prune_snapshots(const std::string& directory, size_t keep, Disk& disk) {
  const auto snapshots = list_snapshots(directory, disk);
  if (!snapshots) return fail(snapshots.error());
  Status all;
  for (size_t i = snapshots->size(); i > std::max<size_t>(keep, 1); --i) {
    Status removed = disk.remove((*snapshots)[i - 1].path);
    if (all) all = std::move(removed);
  }
  const Status synced = disk.sync_directory(directory);
  return all ? synced : all;
}

Status remove_unfinished_snapshots(const std::string& directory, Disk& disk) {
  const auto names = disk.list(directory);
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    if (!is_unfinished_snapshot_name(name)) continue;
    static_cast<void>(disk.remove(directory + "/" + name));  // what stays only takes room
  }
  return {};
}

}  // namespace tandem::storage

#include "export_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "file/file.h"
#include "sha256.h"

namespace tandem::client {
namespace {

constexpr size_t kChunkBytes = size_t{1} << 20;
constexpr size_t kMaxLineBytes = size_t{64} << 20;

tl::unexpected<Error> stopped() { return fail(ErrorKind::kTimeout, "interrupted"); }

std::string temporary_directory() {
  const char* set = std::getenv("TMPDIR");
  return set != nullptr && *set != '\0' ? set : "/tmp";
}

Result<bool> is_regular(const file::Descriptor& file, const std::string& name) {
  struct stat about {};
  if (fstat(file.get(), &about) != 0) return fail_errno("cannot look at " + name, errno);
  if (S_ISDIR(about.st_mode)) return fail(ErrorKind::kUsage, name + " is a directory");
  return S_ISREG(about.st_mode);
}

// All that comes out of a pipe, into a file that can be read again.
Result<file::Descriptor> keep(const file::Descriptor& pipe, const std::string& name,
                              const ExportFile::Progress& progress) {
  const std::string directory = temporary_directory();
  auto kept = file::open_unnamed(directory);
  if (!kept) return fail(std::move(kept.error()));
  std::string chunk(kChunkBytes, '\0');
  uint64_t size = 0;
  while (true) {
    const ssize_t got = read(pipe.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("cannot read " + name, errno);
    if (got == 0) return kept;
    const std::string_view bytes(chunk.data(), static_cast<size_t>(got));
    if (Status written = file::write_at(*kept, size, bytes, directory); !written) {
      return fail(written.error().kind,
                  "cannot keep " + name +
                      " until all of it is checked: " + written.error().message +
                      " ($TMPDIR says where; a file can be read where it is)");
    }
    size += bytes.size();
    if (!progress(size)) return stopped();
  }
}

}  // namespace

// --- lines ---

Result<bool> FileLines::next(std::string_view& line) {
  size_t looked_at = used_;
  while (true) {
    const size_t newline = buffer_.find('\n', looked_at);
    if (newline != std::string::npos) {
      line = std::string_view(buffer_).substr(used_, newline - used_);
      used_ = newline + 1;
      return true;
    }
    buffer_.erase(0, std::exchange(used_, 0));
    looked_at = buffer_.size();
    if (looked_at > kMaxLineBytes) {
      return fail(ErrorKind::kBadInput, "a line is longer than 64 MiB");
    }
    const auto more = read_more();
    if (!more) return fail(more.error());
    if (*more) continue;
    if (buffer_.empty()) return false;
    line = buffer_;
    used_ = buffer_.size();
    line_ended_ = false;
    return true;
  }
}

Result<bool> FileLines::read_more() {
  const uint64_t left = end_ - read_to_;
  if (left == 0) return false;
  std::string chunk;
  const size_t size = left < kChunkBytes ? static_cast<size_t>(left) : kChunkBytes;
  if (Status read = file::read_at(file_, read_to_, size, chunk, name_); !read) {
    return fail(read.error());
  }
  if (chunk.empty()) return fail(ErrorKind::kCorrupt, name_ + " became shorter while it was read");
  read_to_ += chunk.size();
  if (tell_) tell_(chunk);
  buffer_ += chunk;
  return true;
}

// --- the file ---

Result<ExportFile> ExportFile::open(const std::string& path, const Progress& progress) {
  const bool is_stdin = path == "-";
  const std::string name = is_stdin ? "standard input" : "'" + path + "'";
  file::Descriptor opened(is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                   : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!opened) {
    Error error = fail_errno("cannot open " + name, errno).value();
    if (error.kind == ErrorKind::kNotFound) error.kind = ErrorKind::kUnavailable;
    return fail(std::move(error));
  }
  const auto regular = is_regular(opened, name);
  if (!regular) return fail(regular.error());
  if (!*regular) {
    auto kept = keep(opened, name, progress);
    if (!kept) return fail(std::move(kept.error()));
    opened = std::move(*kept);
  }
  ExportFile file(name, std::move(opened));
  const auto size = file::size_of(file.file_, name);
  if (!size) return fail(size.error());
  file.size_ = *size;
  return file;
}

Status ExportFile::check(const Progress& progress) {
  Sha256 digest;
  bool goes_on = true;
  uint64_t bytes_read = 0;
  FileLines lines(file_, name_, 0, size_);
  lines.on_bytes([&](std::string_view bytes) {
    digest.add(bytes);
    bytes_read += bytes.size();
    goes_on = progress(bytes_read);
  });
  db::ExportReader reader(db::ExportReader::Depth::kRows);
  const auto about = [this](Error error) {
    return fail(error.kind, name_ + ": " + std::move(error.message));
  };
  while (true) {
    const uint64_t offset = lines.offset();
    std::string_view line;
    const auto more = lines.next(line);
    if (!goes_on) return stopped();
    if (!more) return about(more.error());
    if (!*more) break;
    Status read = reader.line(line);
    if (!read && reader.has_header() && !lines.line_ended()) {
      return about({ErrorKind::kCorrupt,
                    "it is cut in the middle of line " + std::to_string(reader.lines())});
    }
    if (!read) return about(read.error());
    if (reader.table() == db::ExportReader::kNoTable) {
      sections_.resize(reader.header().schema.tables().size());
      continue;
    }
    ExportSection& section = sections_[reader.table()];
    if (section.rows++ == 0) {
      section.offset = offset;
      section.first_line = reader.lines();
      section.first = reader.row();
    }
    section.end = lines.offset();
    section.last = reader.row();
  }
  if (Status ended = reader.end(); !ended) return about(ended.error());
  header_ = reader.header();
  sha256_ = digest.hex();
  return {};
}

uint64_t ExportFile::rows() const {
  uint64_t rows = 0;
  for (const ExportSection& section : sections_) rows += section.rows;
  return rows;
}

}  // namespace tandem::client

#include "file/file.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace tandem::file {
namespace {

Result<std::string> read_whole(const Descriptor& file, const std::string& path, size_t max_bytes) {
  std::string text;
  char buffer[16384];
  while (text.size() <= max_bytes) {
    const ssize_t got = read(file.get(), buffer, sizeof buffer);
    if (got == 0) return text;
    if (got < 0 && errno != EINTR) return fail_errno("cannot read '" + path + "'", errno);
    if (got > 0) text.append(buffer, static_cast<size_t>(got));
  }
  return fail(ErrorKind::kConfig, "'" + path + "' is too large: it has more than " +
                                      std::to_string(max_bytes) + " bytes");
}

}  // namespace

Status check_regular(const Descriptor& file, const std::string& path, ErrorKind kind) {
  struct stat about {};
  if (fstat(file.get(), &about) != 0) return fail_errno("cannot read '" + path + "'", errno);
  if (S_ISREG(about.st_mode)) return {};
  if (S_ISDIR(about.st_mode)) return fail_errno("cannot read '" + path + "'", EISDIR);
  return fail(kind, "'" + path + "' is not a regular file");
}

Result<Descriptor> open_regular(const std::string& path, int flags, ErrorKind kind, mode_t mode) {
  Descriptor file(open(path.c_str(), flags | kWithoutWaiting, mode));
  if (!file) return fail_errno("cannot open '" + path + "'", errno);
  if (const Status regular = check_regular(file, path, kind); !regular) {
    return fail(regular.error());
  }
  return file;
}

Result<std::optional<std::string>> read_if_there(const std::string& path) {
  const Result<Descriptor> file = open_regular(path, O_RDONLY);
  if (!file && file.error().kind == ErrorKind::kNotFound) return std::nullopt;
  if (!file) return fail(file.error());
  return read_whole(*file, path, SIZE_MAX);
}

Result<std::string> read_input(const std::string& path, size_t max_bytes) {
  const Result<Descriptor> file = open_regular(path, O_RDONLY, ErrorKind::kConfig);
  if (!file) return fail(file.error());
  return read_whole(*file, path, max_bytes);
}

Status read_at(const Descriptor& file, uint64_t offset, size_t size, std::string& out,
               const std::string& path) {
  out.resize(size);
  size_t have = 0;
  while (have < size) {
    const ssize_t n =
        pread(file.get(), out.data() + have, size - have, static_cast<off_t>(offset + have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("cannot read '" + path + "'", errno);
    if (n == 0) break;
    have += static_cast<size_t>(n);
  }
  out.resize(have);
  return {};
}

Status write_at(const Descriptor& file, uint64_t offset, std::string_view data,
                const std::string& path) {
  while (!data.empty()) {
    const ssize_t n = pwrite(file.get(), data.data(), data.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno("cannot write to '" + path + "'", errno);
    data.remove_prefix(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return {};
}

Result<uint64_t> size_of(const Descriptor& file, const std::string& path) {
  struct stat about {};
  if (fstat(file.get(), &about) != 0) return fail_errno("cannot stat '" + path + "'", errno);
  return static_cast<uint64_t>(about.st_size);
}

// EINTR is an error like any other here: after it nobody knows what was written.
Status sync_data(const Descriptor& file, const std::string& path) {
  if (fdatasync(file.get()) != 0) return fail_errno("cannot sync '" + path + "'", errno);
  return {};
}

Status sync(const Descriptor& file, const std::string& path) {
  if (fsync(file.get()) != 0) return fail_errno("cannot sync '" + path + "'", errno);
  return {};
}

Status write_new(const std::string& path, std::string_view content) {
  const Result<Descriptor> file = open_regular(path, O_WRONLY | O_CREAT | O_EXCL);
  if (!file) return fail(file.error());
  Status status = write_at(*file, 0, content, path);
  if (status) status = sync(*file, path);
  if (!status) unlink(path.c_str());
  return status;
}

// Not every file system knows O_TMPFILE.
Result<Descriptor> open_unnamed(const std::string& directory) {
  const int fd = open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kMode);
  if (fd >= 0) return Descriptor(fd);
  if (errno != EOPNOTSUPP && errno != EISDIR) {
    return fail_errno("cannot create a file in '" + directory + "'", errno);
  }
  std::string path = directory + "/unnamed-XXXXXX";
  Descriptor named(mkostemp(path.data(), O_CLOEXEC));
  if (named.get() < 0) return fail_errno("cannot create a file in '" + directory + "'", errno);
  if (unlink(path.c_str()) != 0) return fail_errno("cannot unlink '" + path + "'", errno);
  return named;
}

Result<uint64_t> free_bytes(const Descriptor& file, const std::string& path) {
  struct statvfs about {};
  if (fstatvfs(file.get(), &about) != 0) return fail_errno("cannot look at '" + path + "'", errno);
  return uint64_t{about.f_bavail} * about.f_frsize;
}

Result<Room> room_at(const std::string& path) {
  struct statvfs about {};
  if (statvfs(path.c_str(), &about) != 0) return fail_errno("cannot look at '" + path + "'", errno);
  return Room{uint64_t{about.f_blocks} * about.f_frsize, uint64_t{about.f_bavail} * about.f_frsize};
}

Result<bool> name_exclusively(const std::string& from, const std::string& to) {
  if (link(from.c_str(), to.c_str()) == 0) return true;
  if (errno == EEXIST) return false;
  const int linked = errno;
  if (linked != ENOSPC && linked != EDQUOT && linked != EMLINK) {
    return fail_errno("cannot create '" + to + "'", linked);
  }
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST) return false;
  return fail_errno("cannot create '" + to + "'", linked);
}

Status rename(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0) return {};
  return fail_errno("cannot rename '" + from + "' to '" + to + "'", errno);
}

Result<bool> try_flock(const Descriptor& file, int operation, const std::string& path) {
  while (flock(file.get(), operation | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) return fail_errno("cannot lock '" + path + "'", errno);
  }
  return true;
}

bool names_same_file(const std::string& path, const Descriptor& file) {
  struct stat by_name {};
  struct stat by_fd {};
  return stat(path.c_str(), &by_name) == 0 && fstat(file.get(), &by_fd) == 0 &&
         by_name.st_dev == by_fd.st_dev && by_name.st_ino == by_fd.st_ino;
}

}  // namespace tandem::file

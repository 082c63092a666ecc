#include "storage/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <mutex>
#include <utility>

#include "loop/regular_file.h"

namespace tandem::storage {
namespace {

// Owner-only: logs and snapshots hold whatever users entrust to the service.
constexpr mode_t kFileMode = 0600;

// After a failed write of a replica's data nobody knows what the disk has, unless it was refused
// beforehand: for want of space, of descriptors, of a right, of the directory itself.
tl::unexpected<Error> fail_write(const std::string& what, int errno_value) {
  Error error = fail_errno(what, errno_value).value();
  if (error.kind == ErrorKind::kIo) error.kind = ErrorKind::kDiskFailed;
  return fail(std::move(error));
}

// Whatever the reason: what was written before may be lost, also where it says "no space".
tl::unexpected<Error> fail_sync(const std::string& path, int errno_value) {
  Error error = fail_errno("cannot sync '" + path + "'", errno_value).value();
  error.kind = ErrorKind::kDiskFailed;
  return fail(std::move(error));
}

// Opens files even where the process has no descriptor left: one is kept for that, as a log that
// cannot begin its next segment cannot go on. It is taken back when there is one again.
class SpareDescriptor {
 public:
  SpareDescriptor() { take(); }

  int open(const char* path, int flags, mode_t mode) {
    int fd = ::open(path, flags, mode);
    if (fd >= 0 || errno != EMFILE) {
      const int error = errno;
      take();
      errno = error;
      return fd;
    }
    const std::lock_guard lock(mutex_);
    if (fd_ < 0) {
      errno = EMFILE;
      return -1;
    }
    close(std::exchange(fd_, -1));
    return ::open(path, flags, mode);
  }

 private:
  void take() {
    const std::lock_guard lock(mutex_);
    if (fd_ < 0) fd_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  }

  std::mutex mutex_;
  int fd_ = -1;
};

SpareDescriptor& spare() {
  static SpareDescriptor descriptor;
  return descriptor;
}

class SystemFile final : public File {
 public:
  SystemFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  ~SystemFile() override { close(fd_); }
  SystemFile(const SystemFile&) = delete;
  SystemFile& operator=(const SystemFile&) = delete;

  Status write_at(uint64_t offset, std::string_view data) override {
    while (!data.empty()) {
      const ssize_t n = pwrite(fd_, data.data(), data.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail_write("cannot write to '" + path_ + "'", errno);
      data.remove_prefix(static_cast<size_t>(n));
      offset += static_cast<uint64_t>(n);
    }
    return {};
  }

  Status read_at(uint64_t offset, size_t size, std::string& out) const override {
    out.resize(size);
    size_t have = 0;
    while (have < size) {
      const ssize_t n =
          pread(fd_, out.data() + have, size - have, static_cast<off_t>(offset + have));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail_errno("cannot read '" + path_ + "'", errno);
      if (n == 0) break;
      have += static_cast<size_t>(n);
    }
    out.resize(have);
    return {};
  }

  Result<uint64_t> size() const override {
    struct stat status {};
    if (fstat(fd_, &status) != 0) return fail_errno("cannot stat '" + path_ + "'", errno);
    return static_cast<uint64_t>(status.st_size);
  }

  Status sync_data() override {
    // EINTR is an error like any other here: after it nobody knows what was written.
    if (fdatasync(fd_) != 0) return fail_sync(path_, errno);
    return {};
  }

  Status sync() override {
    if (fsync(fd_) != 0) return fail_sync(path_, errno);
    return {};
  }

 private:
  std::string path_;
  int fd_;
};

class SystemDisk final : public Disk {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    int flags = loop::kWithoutWaiting;
    switch (mode) {
      case OpenMode::kRead:
        flags |= O_RDONLY;
        break;
      case OpenMode::kReadWrite:
        flags |= O_RDWR;
        break;
      case OpenMode::kReplace:
        flags |= O_RDWR | O_CREAT | O_TRUNC;
        break;
    }
    const int fd = spare().open(path.c_str(), flags, kFileMode);
    if (fd < 0) {
      if (mode == OpenMode::kReplace) return fail_write("cannot create '" + path + "'", errno);
      return fail_errno("cannot open '" + path + "'", errno);
    }
    auto file = std::make_unique<SystemFile>(path, fd);
    const Status regular = loop::check_regular(fd, path);
    if (!regular) return fail(regular.error());
    return file;
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (std::rename(from.c_str(), to.c_str()) != 0) {
      return fail_write("cannot rename '" + from + "' to '" + to + "'", errno);
    }
    return {};
  }

  Status remove(const std::string& path) override {
    if (unlink(path.c_str()) != 0) return fail_write("cannot remove '" + path + "'", errno);
    return {};
  }

  Result<std::vector<std::string>> list(const std::string& directory) override {
    DIR* stream = opendir(directory.c_str());
    if (stream == nullptr) return fail_errno("cannot open '" + directory + "'", errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = readdir(stream)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
      errno = 0;
    }
    const int error = errno;
    closedir(stream);
    if (error != 0) return fail_errno("cannot read '" + directory + "'", error);
    return names;
  }

  Status sync_directory(const std::string& directory) override {
    const int fd = spare().open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0) return fail_errno("cannot open '" + directory + "'", errno);
    const int error = fsync(fd) != 0 ? errno : 0;
    close(fd);
    if (error != 0) return fail_sync(directory, error);
    return {};
  }
};

}  // namespace

Disk& system_disk() {
  static SystemDisk disk;
  return disk;
}

Result<std::string> read_file(Disk& disk, const std::string& path) {
  auto file = disk.open(path, OpenMode::kRead);
  if (!file) return fail(file.error());
  const Result<uint64_t> size = (*file)->size();
  if (!size) return fail(size.error());
  std::string content;
  if (const Status read = (*file)->read_at(0, *size, content); !read) return fail(read.error());
  return content;
}

Status replace_file(Disk& disk, const std::string& directory, const std::string& name,
                    std::string_view content) {
  const std::string path = directory + "/" + name;
  const std::string temporary = path + ".tmp";
  auto file = disk.open(temporary, OpenMode::kReplace);
  if (!file) return fail(file.error());
  if (Status written = (*file)->write_at(0, content); !written) return written;
  if (Status synced = (*file)->sync(); !synced) return synced;
  if (Status renamed = disk.rename(temporary, path); !renamed) return renamed;
  return disk.sync_directory(directory);
}

}  // namespace tandem::storage

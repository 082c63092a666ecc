#include "storage/disk.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <utility>

#include "base/log.h"
#include "file/directories.h"
#include "file/file.h"

namespace tandem::storage {
namespace {

// After a failed write of a replica's data nobody knows what the disk has, unless it was refused
// beforehand: for want of space, of descriptors, of a right, of the directory itself.
Status as_write(Status status) {
  if (!status && status.error().kind == ErrorKind::kIo) {
    status.error().kind = ErrorKind::kDiskFailed;
  }
  return status;
}

// Whatever the reason: what was written before may be lost, also where it says "no space".
Status as_sync(Status status) {
  if (!status) status.error().kind = ErrorKind::kDiskFailed;
  return status;
}

// Opens files even where the process has no descriptor left: one is kept for that, as a log that
// cannot begin its next segment cannot go on. It is taken back when there is one again.
class SpareDescriptor {
 public:
  SpareDescriptor() { take(); }

  // With its errno where there is none.
  file::Descriptor open(const std::string& path, int flags) {
    file::Descriptor opened(::open(path.c_str(), flags | file::kWithoutWaiting, file::kMode));
    if (opened || errno != EMFILE) {
      const int error = errno;
      take();
      errno = error;
      return opened;
    }
    const std::lock_guard lock(mutex_);
    if (!spare_) {
      errno = EMFILE;
      return opened;
    }
    spare_.reset();
    return file::Descriptor(::open(path.c_str(), flags | file::kWithoutWaiting, file::kMode));
  }

 private:
  void take() {
    const std::lock_guard lock(mutex_);
    if (!spare_) spare_ = file::Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  }

  std::mutex mutex_;
  file::Descriptor spare_;
};

SpareDescriptor& spare() {
  static SpareDescriptor descriptor;
  return descriptor;
}

class SystemFile final : public File {
 public:
  SystemFile(std::string path, file::Descriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}

  Status write_at(uint64_t offset, std::string_view data) override {
    return as_write(file::write_at(file_, offset, data, path_));
  }

  Status read_at(uint64_t offset, size_t size, std::string& out) const override {
    return file::read_at(file_, offset, size, out, path_);
  }

  Result<uint64_t> size() const override { return file::size_of(file_, path_); }
  Status sync_data() override { return as_sync(file::sync_data(file_, path_)); }
  Status sync() override { return as_sync(file::sync(file_, path_)); }

  Status reserve(uint64_t bytes) override {
    const auto length = static_cast<off_t>(std::min<uint64_t>(bytes, INT64_MAX));
    int result = 0;
    do {
      result = fallocate(file_.get(), FALLOC_FL_KEEP_SIZE, 0, length);
    } while (result != 0 && errno == EINTR);
    if (result == 0 || (errno != ENOSPC && errno != EDQUOT && errno != EFBIG)) return {};
    return fail_errno("no room for " + std::to_string(bytes) + " bytes of '" + path_ + "'", ENOSPC);
  }

 private:
  std::string path_;
  file::Descriptor file_;
};

// What was there is as gone as where a file is damaged.
Error is_no_file(const std::string& path) {
  return {ErrorKind::kCorrupt, "'" + path + "' is not a regular file"};
}

class SystemDisk final : public Disk {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    int flags = 0;
    switch (mode) {
      case OpenMode::kRead:
        flags = O_RDONLY;
        break;
      case OpenMode::kReadWrite:
        flags = O_RDWR;
        break;
      case OpenMode::kReplace:
        flags = O_RDWR | O_CREAT | O_TRUNC;
        break;
    }
    file::Descriptor opened = spare().open(path, flags);
    if (!opened && mode == OpenMode::kReplace) {
      return fail(as_write(fail_errno("cannot create '" + path + "'", errno)).error());
    }
    const bool no_file = errno == EISDIR || errno == ENXIO || errno == ELOOP;
    if (!opened && no_file) return fail(is_no_file(path));
    if (!opened) return fail_errno("cannot open '" + path + "'", errno);
    if (const Status regular = file::check_regular(opened, path); !regular) {
      return fail(mode == OpenMode::kReplace ? regular.error() : is_no_file(path));
    }
    return std::make_unique<SystemFile>(path, std::move(opened));
  }

  Status rename(const std::string& from, const std::string& to) override {
    return as_write(file::rename(from, to));
  }

  Status remove(const std::string& path) override {
    if (unlink(path.c_str()) == 0) return {};
    return as_write(fail_errno("cannot remove '" + path + "'", errno));
  }

  Result<std::vector<std::string>> list(const std::string& directory) override {
    return file::list_directory(directory);
  }

  Status sync_directory(const std::string& directory) override {
    const file::Descriptor opened = spare().open(directory, O_RDONLY | O_DIRECTORY);
    if (!opened) return fail_errno("cannot open '" + directory + "'", errno);
    return as_sync(file::sync(opened, directory));
  }
};

// Whether something was there that is no file, and now has another name.
Result<bool> move_no_file_away(Disk& disk, const std::string& directory, const std::string& name) {
  const std::string path = directory + "/" + name;
  const auto opened = disk.open(path, OpenMode::kRead);
  if (opened || opened.error().kind != ErrorKind::kCorrupt) return false;
  const auto names = disk.list(directory);
  if (!names) return fail(names.error());
  std::string to = name + ".unreadable";
  for (int number = 2; std::find(names->begin(), names->end(), to) != names->end(); ++number) {
    to = name + ".unreadable." + std::to_string(number);
  }
  if (Status renamed = disk.rename(path, directory + "/" + to); !renamed) {
    return fail(renamed.error());
  }
  log::warning("moved out of the way what is no file", {{"path", path}, {"to", to}});
  return true;
}

}  // namespace

Disk& system_disk() {
  static SystemDisk disk;
  return disk;
}

Result<std::string> read_file(Disk& disk, const std::string& path) {
  std::string content;
  if (const Status read = read_file(disk, path, content); !read) return fail(read.error());
  return content;
}

Status read_file(Disk& disk, const std::string& path, std::string& content) {
  auto file = disk.open(path, OpenMode::kRead);
  if (!file) return fail(file.error());
  const Result<uint64_t> size = (*file)->size();
  if (!size) return fail(size.error());
  return (*file)->read_at(0, *size, content);
}

Status remove_file(Disk& disk, const std::string& directory, const std::string& name) {
  const auto moved = move_no_file_away(disk, directory, name);
  if (!moved) return fail(moved.error());
  return *moved ? Status() : disk.remove(directory + "/" + name);
}

Status replace_file(Disk& disk, const std::string& directory, const std::string& name,
                    std::string_view content) {
  const std::string path = directory + "/" + name;
  const std::string temporary = path + ".tmp";
  for (const std::string& taken : {name + ".tmp", name}) {
    if (const auto moved = move_no_file_away(disk, directory, taken); !moved) {
      return fail(moved.error());
    }
  }
  auto file = disk.open(temporary, OpenMode::kReplace);
  if (!file) return fail(file.error());
  if (Status written = (*file)->write_at(0, content); !written) return written;
  if (Status synced = (*file)->sync(); !synced) return synced;
  if (Status renamed = disk.rename(temporary, path); !renamed) return renamed;
  return disk.sync_directory(directory);
}

}  // namespace tandem::storage

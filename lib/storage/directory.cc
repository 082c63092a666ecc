#include "storage/directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "base/number.h"
#include "file/directories.h"
#include "file/file.h"

namespace tandem::storage {
namespace {

constexpr int kLockAttempts = 11;
constexpr timespec kLockPause{0, 10'000'000};

std::string holder_of(const file::Descriptor& file) {
  char text[32] = {};
  const ssize_t size = pread(file.get(), text, sizeof text - 1, 0);
  std::string pid(text, size > 0 ? static_cast<size_t>(size) : 0);
  while (!pid.empty() && pid.back() == '\n') pid.pop_back();
  return pid;
}

Status lock_file(const file::Descriptor& file, const std::string& directory) {
  for (int attempt = 1;; ++attempt) {
    const Result<bool> locked = file::try_flock(file, LOCK_EX, directory + "/lock");
    if (!locked) return fail(locked.error());
    if (*locked) return {};
    if (attempt == kLockAttempts) break;
    nanosleep(&kLockPause, nullptr);
  }
  const std::string pid = holder_of(file);
  return fail(ErrorKind::kBusy, "directory '" + directory + "' is in use" +
                                    (pid.empty() ? std::string() : " by process " + pid));
}

}  // namespace

Result<std::unique_ptr<Directory>> Directory::open(const std::string& path) {
  if (path.empty()) return fail(ErrorKind::kConfig, "the storage directory has no name");
  if (Status made = file::make_directories(path); !made) return fail(made.error());
  const std::string lock_path = path + "/lock";
  auto lock = file::open_regular(lock_path, O_RDWR | O_CREAT);
  if (!lock) return fail(lock.error());
  if (const Status locked = lock_file(*lock, path); !locked) return fail(locked.error());
  struct stat status {};
  if (fstat(lock->get(), &status) != 0) return fail_errno("cannot stat '" + lock_path + "'", errno);
  // NOLINTNEXTLINE: the constructor is private
  std::unique_ptr<Directory> directory(
      new Directory(path, std::move(*lock), status.st_dev, status.st_ino));
  directory->directory_ =
      file::Descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory->directory_) return fail_errno("cannot open '" + path + "'", errno);
  if (!directory->still_ours()) {
    return fail(ErrorKind::kBusy, "lock file '" + lock_path + "' was replaced while it was locked");
  }
  // For people and for the error above: the lock itself does not need it.
  const std::string pid = std::to_string(getpid()) + "\n";
  const int fd = directory->lock_.get();
  if (ftruncate(fd, 0) != 0 ||
      pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return fail_errno("cannot write to '" + lock_path + "'", errno);
  }
  return directory;
}

Result<std::optional<pid_t>> directory_holder(const std::string& path) {
  const std::string lock_path = path + "/lock";
  const auto lock = file::open_regular(lock_path, O_RDONLY);
  if (!lock && lock.error().kind == ErrorKind::kNotFound) return std::nullopt;
  if (!lock) return fail(lock.error());
  // Closing the file lets go of the lock that this takes where nobody else holds one.
  if (flock(lock->get(), LOCK_SH | LOCK_NB) == 0) return std::nullopt;
  return parse_number<pid_t>(holder_of(*lock), 1);
}

Status Directory::take_again() {
  struct stat held {};
  struct stat named {};
  if (fstat(directory_.get(), &held) != 0 || stat(path_.c_str(), &named) != 0 ||
      held.st_dev != named.st_dev || held.st_ino != named.st_ino) {
    return fail(ErrorKind::kNotFound, "the directory '" + path_ + "' is gone");
  }
  const std::string temporary = path_ + "/lock." + std::to_string(getpid()) + ".tmp";
  file::Descriptor lock(
      ::open(temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, file::kMode));
  if (!lock) return fail_errno("cannot create '" + temporary + "'", errno);
  Status taken = link_lock(std::move(lock), temporary);
  unlink(temporary.c_str());
  return taken;
}

// Locked before it has its name: nobody can come in between. Who made a lock there meanwhile is
// found by the link, which replaces nothing.
Status Directory::link_lock(file::Descriptor lock, const std::string& temporary) {
  const std::string pid = std::to_string(getpid()) + "\n";
  struct stat made {};
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0 || fstat(lock.get(), &made) != 0 ||
      pwrite(lock.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return fail_errno("cannot lock '" + temporary + "'", errno);
  }
  if (link(temporary.c_str(), lock_path().c_str()) != 0) {
    if (errno != EEXIST) return fail_errno("cannot create '" + lock_path() + "'", errno);
    return fail(ErrorKind::kBusy,
                "the lock of '" + path_ + "' is gone: another process may use the directory");
  }
  lock_ = std::move(lock);
  device_ = made.st_dev;
  inode_ = made.st_ino;
  return {};
}

bool Directory::still_ours() const {
  struct stat status {};
  return stat(lock_path().c_str(), &status) == 0 && status.st_dev == device_ &&
         status.st_ino == inode_;
}

}  // namespace tandem::storage

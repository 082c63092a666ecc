#include "storage/directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "base/number.h"
#include "loop/regular_file.h"

namespace tandem::storage {
namespace {

constexpr int kLockAttempts = 11;
constexpr timespec kLockPause{0, 10'000'000};

Status sync_path(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return fail_errno("cannot open '" + directory + "'", errno);
  const int error = fsync(fd) != 0 ? errno : 0;
  close(fd);
  if (error != 0) return fail_errno("cannot sync '" + directory + "'", error);
  return {};
}

// Makes the directory and those above it, each durable in the one above.
Status make_directories(const std::string& path) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string prefix = path.substr(0, end);
    if (mkdir(prefix.c_str(), 0700) == 0) {
      const size_t slash = prefix.find_last_of('/');
      const std::string above = slash == std::string::npos ? "."
                                : slash == 0               ? "/"
                                                           : prefix.substr(0, slash);
      if (Status synced = sync_path(above); !synced) return synced;
    } else if (errno != EEXIST) {
      return fail_errno("cannot create directory '" + prefix + "'", errno);
    }
    if (end == std::string::npos) return {};
  }
}

std::string holder_of(int fd) {
  char text[32] = {};
  const ssize_t size = pread(fd, text, sizeof text - 1, 0);
  std::string pid(text, size > 0 ? static_cast<size_t>(size) : 0);
  while (!pid.empty() && pid.back() == '\n') pid.pop_back();
  return pid;
}

Status lock_file(int fd, const std::string& directory) {
  for (int attempt = 1;; ++attempt) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return {};
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return fail_errno("cannot lock '" + directory + "/lock'", errno);
    if (attempt == kLockAttempts) break;
    nanosleep(&kLockPause, nullptr);
  }
  const std::string pid = holder_of(fd);
  return fail(ErrorKind::kBusy, "directory '" + directory + "' is in use" +
                                    (pid.empty() ? std::string() : " by process " + pid));
}

}  // namespace

Result<std::unique_ptr<Directory>> Directory::open(const std::string& path) {
  if (path.empty()) return fail(ErrorKind::kConfig, "the storage directory has no name");
  if (Status made = make_directories(path); !made) return fail(made.error());
  const std::string lock_path = path + "/lock";
  const int fd = ::open(lock_path.c_str(), O_RDWR | O_CREAT | loop::kWithoutWaiting, 0600);
  if (fd < 0) return fail_errno("cannot open '" + lock_path + "'", errno);
  struct stat status {};
  Status locked = loop::check_regular(fd, lock_path);
  if (locked) locked = lock_file(fd, path);
  if (locked && fstat(fd, &status) != 0) {
    locked = fail_errno("cannot stat '" + lock_path + "'", errno);
  }
  if (!locked) {
    close(fd);
    return fail(locked.error());
  }
  // NOLINTNEXTLINE: the constructor is private
  std::unique_ptr<Directory> directory(new Directory(path, fd, status.st_dev, status.st_ino));
  directory->directory_fd_ = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory->directory_fd_ < 0) return fail_errno("cannot open '" + path + "'", errno);
  if (!directory->still_ours()) {
    return fail(ErrorKind::kBusy, "lock file '" + lock_path + "' was replaced while it was locked");
  }
  // For people and for the error above: the lock itself does not need it.
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(fd, 0) != 0 ||
      pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return fail_errno("cannot write to '" + lock_path + "'", errno);
  }
  return directory;
}

Result<std::optional<pid_t>> directory_holder(const std::string& path) {
  const std::string lock_path = path + "/lock";
  const int fd = ::open(lock_path.c_str(), O_RDONLY | loop::kWithoutWaiting);
  if (fd < 0 && errno == ENOENT) return std::nullopt;
  if (fd < 0) return fail_errno("cannot open '" + lock_path + "'", errno);
  if (const Status regular = loop::check_regular(fd, lock_path); !regular) {
    close(fd);
    return fail(regular.error());
  }
  std::optional<pid_t> holder;
  // Closing the file lets go of the lock that this takes where nobody else holds one.
  if (flock(fd, LOCK_SH | LOCK_NB) != 0) {
    holder = parse_number<pid_t>(holder_of(fd), 1);
  }
  close(fd);
  return holder;
}

Directory::~Directory() {
  close(fd_);
  if (directory_fd_ >= 0) close(directory_fd_);
}

Status Directory::take_again() {
  struct stat held {};
  struct stat named {};
  if (fstat(directory_fd_, &held) != 0 || stat(path_.c_str(), &named) != 0 ||
      held.st_dev != named.st_dev || held.st_ino != named.st_ino) {
    return fail(ErrorKind::kNotFound, "the directory '" + path_ + "' is gone");
  }
  const std::string temporary = path_ + "/lock." + std::to_string(getpid()) + ".tmp";
  const int fd = ::open(temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return fail_errno("cannot create '" + temporary + "'", errno);
  Status taken = link_lock(fd, temporary);
  unlink(temporary.c_str());
  if (!taken) close(fd);
  return taken;
}

// Locked before it has its name: nobody can come in between. Who made a lock there meanwhile is
// found by the link, which replaces nothing.
Status Directory::link_lock(int fd, const std::string& temporary) {
  const std::string pid = std::to_string(getpid()) + "\n";
  struct stat made {};
  if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &made) != 0 ||
      pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return fail_errno("cannot lock '" + temporary + "'", errno);
  }
  if (link(temporary.c_str(), lock_path().c_str()) != 0) {
    if (errno != EEXIST) return fail_errno("cannot create '" + lock_path() + "'", errno);
    return fail(ErrorKind::kBusy,
                "the lock of '" + path_ + "' is gone: another process may use the directory");
  }
  close(fd_);
  fd_ = fd;
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

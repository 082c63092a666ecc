#include "base/log_output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <string>

namespace tandem::log {
namespace {

bool has_no_room(ssize_t written) {
  return written < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS);
}

// The pipe that stderr is, opened for this process alone.
class OwnPipe {
 public:
  bool write_line(const struct stat& pipe, std::string_view line) {
    const std::lock_guard lock(mutex_);
    if (pipe.st_dev != device_ || pipe.st_ino != inode_) open_again(pipe);
    if (fd_ < 0) return write_where_room(line);
    // Only a part of the line before had room: it ends here.
    const std::string text = cut_ ? "\n" + std::string(line) : std::string(line);
    const ssize_t written = ::write(fd_, text.data(), text.size());
    if (written > 0) cut_ = static_cast<size_t>(written) < text.size();
    return !has_no_room(written) && !cut_;
  }

 private:
  void open_again(const struct stat& pipe) {
    if (fd_ >= 0) close(fd_);
    fd_ = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    device_ = pipe.st_dev;
    inode_ = pipe.st_ino;
    cut_ = false;
  }

  // It cannot be opened: made by another user, or nobody has it open to read. Another process may
  // take the room in between, and then this one waits.
  static bool write_where_room(std::string_view line) {
    pollfd room{STDERR_FILENO, POLLOUT, 0};
    if (poll(&room, 1, 0) == 0) return false;
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
    return true;
  }

  std::mutex mutex_;
  int fd_ = -1;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  bool cut_ = false;
};

OwnPipe& own_pipe() {
  static OwnPipe instance;
  return instance;
}

}  // namespace

// Errors but the one are ignored on purpose: a log that cannot be written must not stop the
// service.
bool write_line(std::string_view line) {
  struct stat status {};
  if (fstat(STDERR_FILENO, &status) != 0) return true;
  if (S_ISFIFO(status.st_mode)) return own_pipe().write_line(status, line);
  if (S_ISSOCK(status.st_mode)) {
    return !has_no_room(send(STDERR_FILENO, line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
  }
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
  return true;
}

}  // namespace tandem::log

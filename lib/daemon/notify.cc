#include "daemon/notify.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "base/log.h"
#include "base/number.h"

namespace tandem::daemon {
namespace {

constexpr size_t kMostWaitBytes = 1000;  // below PIPE_BUF
constexpr int kLowestOwnFd = 10;         // above what a supervisor hands down

// The descriptor that RS_READY_FD names, moved up and closed on exec, or -1.
int take_ready_fd(std::string_view text) {
  const auto fd = parse_number<int>(text, 0);
  if (!fd) {
    log::warning("RS_READY_FD is no descriptor number", {{"value", text}});
    return -1;
  }
  const int moved = fcntl(*fd, F_DUPFD_CLOEXEC, kLowestOwnFd);
  if (moved < 0) {
    log::warning("RS_READY_FD names a closed descriptor", {{"fd", *fd}});
    return -1;
  }
  if (*fd > STDERR_FILENO) close(*fd);
  return moved;
}

}  // namespace

Notifier::~Notifier() {
  if (ready_fd_ >= 0) close(ready_fd_);
}

void Notifier::take_environment() {
  if (const char* fd = std::getenv("RS_READY_FD")) ready_fd_ = take_ready_fd(fd);
  if (const char* socket = std::getenv("NOTIFY_SOCKET")) socket_ = socket;
  words_ = std::getenv("RS_READY_WORDS") != nullptr;
  unsetenv("RS_READY_FD");
  unsetenv("RS_READY_WORDS");
  unsetenv("NOTIFY_SOCKET");
}

void Notifier::waits(std::string_view what) {
  std::string line(what.substr(0, kMostWaitBytes));
  for (char& c : line) c = static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  send("STATUS=" + line);
  if (!words_ || ready_fd_ < 0) return;
  line += '\0';
  // As much as fits into a pipe at once; who reads nothing misses it.
  pollfd room{ready_fd_, POLLOUT, 0};
  if (poll(&room, 1, 0) != 1) return;
  if (write(ready_fd_, line.data(), line.size()) < 0) {
    log::debug("cannot tell what is waited for", {{"error", std::strerror(errno)}});
  }
}

void Notifier::ready() {
  if (ready_fd_ >= 0) {
    if (write(ready_fd_, "\n", 1) != 1) {
      log::warning("cannot announce readiness", {{"error", std::strerror(errno)}});
    }
    close(ready_fd_);
    ready_fd_ = -1;
  }
  send("READY=1");
}

void Notifier::stopping() { send("STOPPING=1"); }

void Notifier::reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const int64_t usec = int64_t{now.tv_sec} * 1000000 + now.tv_nsec / 1000;
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(usec));
}

void Notifier::send(std::string_view state) {
  if (socket_.empty()) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const bool known_form = socket_[0] == '/' || socket_[0] == '@';
  if (!known_form || socket_.size() >= sizeof address.sun_path) {
    log::warning("NOTIFY_SOCKET is no address that can be used", {{"value", socket_}});
    socket_.clear();
    return;
  }
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  // An abstract address is written with '@' and begins with NUL; its length has no NUL at the end.
  if (socket_[0] == '@') address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const ssize_t sent = fd < 0 ? -1
                              : sendto(fd, state.data(), state.size(), MSG_NOSIGNAL,
                                       reinterpret_cast<const sockaddr*>(&address), length);
  if (sent < 0) {
    log::warning("cannot tell the service manager",
                 {{"socket", socket_}, {"error", std::strerror(errno)}});
    socket_.clear();
  }
  if (fd >= 0) close(fd);
}

}  // namespace tandem::daemon

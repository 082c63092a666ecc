#include "log_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace tandem::torture {
namespace {

constexpr int kUsualBytes = 64 << 10;
constexpr int kSmallBytes = 4096;  // the smallest pipe there is

void write_all(int fd, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t written = write(fd, data, size);
    if (written <= 0) return;
    data += written;
    size -= static_cast<size_t>(written);
  }
}

}  // namespace

LogReader::~LogReader() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  if (thread_.joinable()) {
    wake();
    thread_.join();
  }
  for (const auto& [path, pipe] : pipes_) {
    for (const int fd : {pipe.read, pipe.write, pipe.file}) close(fd);
  }
  if (wake_ >= 0) close(wake_);
}

Result<int> LogReader::pipe_for(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto it = pipes_.find(path);
  if (it != pipes_.end()) return it->second.write;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe", errno);
  Pipe pipe{ends[0], ends[1], open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
  if (pipe.file < 0) return fail_errno("cannot open '" + path + "'", errno);
  // Only this end: the other one is shared with programs, which would find it so.
  fcntl(pipe.read, F_SETFL, O_NONBLOCK);
  pipes_[path] = pipe;
  if (!thread_.joinable()) {
    wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    thread_ = std::thread([this] { run(); });
  }
  wake();
  return pipe.write;
}

void LogReader::wake() const {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof one);
}

void LogReader::run() {
  for (;;) {
    std::vector<pollfd> waited{{wake_, POLLIN, 0}};
    {
      const std::lock_guard lock(mutex_);
      if (ended_) return;
      for (const auto& [path, pipe] : pipes_) {
        if (stopped_) break;
        drain(pipe);
        waited.push_back({pipe.read, POLLIN, 0});
      }
    }
    poll(waited.data(), waited.size(), -1);
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t woken = read(wake_, &count, sizeof count);
  }
}

void LogReader::drain(const Pipe& pipe) {
  char buffer[kUsualBytes];
  for (ssize_t size = 0; (size = read(pipe.read, buffer, sizeof buffer)) > 0;)
    write_all(pipe.file, buffer, static_cast<size_t>(size));
}

// By an opening of its own, which does not wait.
void LogReader::fill(const Pipe& pipe) {
  drain(pipe);
  fcntl(pipe.read, F_SETPIPE_SZ, kSmallBytes);
  const std::string self = "/proc/self/fd/" + std::to_string(pipe.write);
  const int fd = open(self.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return;
  std::string line = "torture: nobody reads this log";
  line.resize(kSmallBytes, '.');
  line.back() = '\n';
  for (size_t size = line.size(); size > 0; size /= 2) {
    while (write(fd, line.data() + line.size() - size, size) > 0) {
    }
  }
  close(fd);
}

void LogReader::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  for (const auto& [path, pipe] : pipes_) fill(pipe);
}

void LogReader::go_on() {
  const std::lock_guard lock(mutex_);
  if (!stopped_) return;
  stopped_ = false;
  for (const auto& [path, pipe] : pipes_) fcntl(pipe.read, F_SETPIPE_SZ, kUsualBytes);
  wake();
}

void LogReader::catch_up() {
  const std::lock_guard lock(mutex_);
  for (const auto& [path, pipe] : pipes_) drain(pipe);
}

}  // namespace tandem::torture

#include "worker_process.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"

namespace tandem::orch {

loop::ProcessOptions worker_command(const OrchConfig& config, repl::ReplicaId id,
                                    const std::string& directory) {
  loop::ProcessOptions options;
  options.program = config.worker_program;
  if (!config.worker_config.empty()) options.args = {"--config", config.worker_config};
  std::vector<std::pair<std::string, std::string>> settings{
      {"worker.id", std::to_string(id)},
      {"worker.group", config.group},
      {"worker.directory", directory},
      {"worker.max_in_sync", std::to_string(config.max_in_sync)},
      {"rpc.url", worker_url(config, id)}};
  const auto coord = daemon::coord_settings(config.coord);
  settings.insert(settings.end(), coord.begin(), coord.end());
  for (const auto& [key, value] : settings) {
    options.args.push_back("--set");
    options.args.push_back(key + "=" + value);
  }
  return options;
}

WorkerProcess::WorkerProcess(loop::Loop& loop, Callbacks callbacks)
    : loop_(loop), callbacks_(std::move(callbacks)) {}

WorkerProcess::~WorkerProcess() { close_pipe(); }

Status WorkerProcess::start(loop::ProcessOptions command) {
  int pipe_fds[2];
  if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) != 0) return fail_errno("cannot make a pipe", errno);
  command.environment.emplace_back("RS_READY_FD", "3");
  command.environment.emplace_back("RS_READY_WORDS", "1");
  command.extra_fds = {{3, pipe_fds[1]}};
  child_ = std::make_unique<loop::Process>(loop_, [this](int64_t status, int signal) {
    ended(ProcessEnd{status, signal});
  });
  const Status spawned = child_->spawn(command);
  close(pipe_fds[1]);
  if (!spawned) {
    close(pipe_fds[0]);
    child_.reset();
    return spawned;
  }
  pid_ = child_->pid();
  ready_fd_ = pipe_fds[0];
  ready_ = std::make_unique<loop::Poll>(loop_, ready_fd_, [this](int) { read_pipe(); });
  ready_->start(UV_READABLE);
  return {};
}

Status WorkerProcess::adopt(const loop::ProcessIdentity& identity) {
  watch_ = std::make_unique<loop::ProcessWatch>(loop_, [this] { ended(std::nullopt); });
  const Status started = watch_->start(identity);
  if (started) {
    pid_ = identity.pid;
  } else {
    watch_.reset();
  }
  return started;
}

// daemon/notify.h: a text with a NUL at its end is what is waited for, a newline is readiness. So is
// the end of the pipe, of which the registry tells more.
void WorkerProcess::read_pipe() {
  constexpr size_t kMostUnread = 64 << 10;
  std::array<char, 4096> buffer;
  const ssize_t got = read(ready_fd_, buffer.data(), buffer.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return ready();
  unread_.append(buffer.data(), static_cast<size_t>(got));
  if (unread_.find('\n') != std::string::npos || unread_.size() > kMostUnread) return ready();
  const size_t end = unread_.rfind('\0');
  if (end == std::string::npos) return;
  const size_t before = end == 0 ? std::string::npos : unread_.rfind('\0', end - 1);
  const size_t begin = before == std::string::npos ? 0 : before + 1;
  waits_for_ = unread_.substr(begin, end - begin);
  unread_.erase(0, end + 1);
  callbacks_.on_waits();
}

void WorkerProcess::ready() {
  close_pipe();
  waits_for_.clear();
  callbacks_.on_ready();
}

void WorkerProcess::close_pipe() {
  if (ready_fd_ < 0) return;
  ready_.reset();
  close(std::exchange(ready_fd_, -1));
}

void WorkerProcess::ended(const std::optional<ProcessEnd>& end) {
  close_pipe();
  callbacks_.on_end(end);
}

void WorkerProcess::signal(int signal_number) {
  if (pid_ == 0) return;
  const Status sent = child_ ? child_->signal(signal_number) : watch_->signal(signal_number);
  if (!sent) log::warning("cannot signal a worker", {{"pid", pid_}});
}

}  // namespace tandem::orch

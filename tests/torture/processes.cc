#include "processes.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

namespace tandem::torture {
namespace {

constexpr int kStopTurns = 1000;  // of 10 ms
constexpr int kGoneTurns = 500;   // of 10 ms

bool is_gone(pid_t pid) {
  std::error_code error;
  const auto exe = std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe", error);
  return error || exe.empty();
}

}  // namespace

Processes::Processes(std::string directory) : directory_(std::move(directory)) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
}

Result<pid_t> Processes::start(const std::vector<std::string>& argv, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, directory_.c_str());
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  // The loop thread of this program blocks TERM and INT; its children do not.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, words[0], &actions, &attributes, words.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return fail_errno("cannot start '" + argv[0] + "'", error);
  return pid;
}

Status Processes::run(const std::string& script) {
  const std::string log = directory_ + "/commands.log";
  const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (output < 0) return fail_errno("cannot open '" + log + "'", errno);
  const auto pid = start({"sh", "-ec", script}, output);
  close(output);
  if (!pid) return fail(pid.error());
  int status = 0;
  while (waitpid(*pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (status == 0) return {};
  return fail(ErrorKind::kUnavailable, "failed, see commands.log: " + script);
}

void Processes::reap() {
  int status = 0;
  for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) ended_[pid] = status;
}

std::optional<int> Processes::ended(pid_t child) const {
  const auto it = ended_.find(child);
  if (it == ended_.end()) return std::nullopt;
  return it->second;
}

void Processes::wait_gone(pid_t pid) {
  for (int turn = 0; turn < kGoneTurns && !is_gone(pid); ++turn) {
    reap();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

int Processes::stop(pid_t child, int number) {
  if (child <= 1) return 0;
  if (!ended(child)) kill(child, number);
  for (int turn = 0; !ended(child); ++turn) {
    if (turn == kStopTurns) kill(child, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    reap();
  }
  return *ended(child);
}

Status Processes::signal(pid_t pid, int number) const {
  if (pid <= 1) return fail(ErrorKind::kNotFound, "no process");
  std::error_code error;
  const auto cwd = std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/cwd", error);
  if (error || cwd != directory_) return fail(ErrorKind::kNotFound, "it is another process");
  if (kill(pid, number) != 0) return fail_errno("cannot signal", errno);
  return {};
}

Status Processes::kill_at_once(const std::vector<pid_t>& pids) {
  Status sent;
  for (const int number : {SIGSTOP, SIGKILL}) {
    for (const pid_t pid : pids) {
      const Status each = signal(pid, number);
      if (sent) sent = each;
    }
  }
  for (const pid_t pid : pids) wait_gone(pid);
  return sent;
}

}  // namespace tandem::torture

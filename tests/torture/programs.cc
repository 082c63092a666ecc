#include "programs.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include "moment.h"

namespace tandem::torture {
namespace {

constexpr int64_t kDownUs = 500'000;  // after an end of its own, as a supervisor would wait
constexpr size_t kLastWords = 4096;   // bytes of a log

// What the last lines of a log must have, for an end with that status. A disk that is full, where
// it had space in reserve, is told apart from one that failed.
struct Reason {
  ExitStatus status;
  std::string words;
};
const std::vector<Reason>& reasons() {
  const auto text = [](int error) { return std::generic_category().message(error); };
  static const std::vector<Reason> kReasons = {
      {ExitStatus::kIo, text(EIO)},
      {ExitStatus::kIo, text(ENOSPC)},
      {ExitStatus::kUnavailable, text(EIO)},
      {ExitStatus::kUnavailable, text(ENOSPC)},
      {ExitStatus::kUnavailable, text(EMFILE)},
      {ExitStatus::kUnavailable, "sets its data aside and begins anew"},
  };
  return kReasons;
}

}  // namespace

Program& Programs::add(std::string name, std::vector<std::string> argv) {
  all_.push_back({.name = std::move(name), .argv = std::move(argv)});
  return all_.back();
}

Status Programs::launch(Program& program) {
  const auto log = logs_.pipe_for(log_of(program));
  if (!log) return fail(log.error());
  const auto pid = processes_.start(program.argv, *log);
  if (!pid) return fail(pid.error());
  program.pid = *pid;
  program.ended = false;
  return {};
}

std::string Programs::log_of(const Program& program) const {
  return processes_.directory() + "/" + program.name + ".log";
}

std::string Programs::judge_end(Program& program, int status) {
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return {};
  const auto ended_as = [&](const Reason& reason) {
    return WIFEXITED(status) && WEXITSTATUS(status) == static_cast<int>(reason.status);
  };
  if (!program.may_give_up || std::none_of(reasons().begin(), reasons().end(), ended_as))
    return program.name + " ended by itself, wait status " + std::to_string(status) + "; ";
  program.down_until_us = now_us() + kDownUs;
  logs_.catch_up();
  const std::string log = read_text(log_of(program));
  const std::string_view last =
      std::string_view(log).substr(log.size() - std::min(log.size(), kLastWords));
  const bool tells = std::any_of(reasons().begin(), reasons().end(), [&](const Reason& reason) {
    return ended_as(reason) && last.find(reason.words) != std::string_view::npos;
  });
  return tells ? "" : program.name + " ended and does not tell why; ";
}

std::string Programs::restart_killed() {
  std::string wrong;
  processes_.reap();
  for (Program& program : all_) {
    const auto status = processes_.ended(program.pid);
    if (program.pid == 0 || !status) continue;
    if (!program.ended) {
      program.ended = true;
      wrong += judge_end(program, *status);
    }
    if (program.stays_down || now_us() < program.down_until_us) continue;
    const Status started = launch(program);
    if (!started) wrong += started.error().message + "; ";
  }
  return wrong;
}

Status Programs::stop() {
  std::string wrong;
  for (auto program = all_.rbegin(); program != all_.rend(); ++program) {
    if (program->pid == 0) continue;
    const int status = processes_.stop(program->pid, program->ends_by);
    if (status != 0 && program->ends_by == SIGTERM)
      wrong += program->name + " stopped with wait status " + std::to_string(status) + "; ";
    program->pid = 0;
  }
  logs_.catch_up();
  return wrong.empty() ? Status{} : fail(ErrorKind::kBug, wrong);
}

int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof name;
  int port = 0;
  if (bind(fd, reinterpret_cast<sockaddr*>(&name), size) == 0 &&
      getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) == 0) {
    port = ntohs(name.sin_port);
  }
  close(fd);
  return port;
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::trunc) << text;
}

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void set_option(std::vector<std::string>& argv, const std::string& key, const std::string& value) {
  argv.push_back("--set");
  argv.push_back(key + "=" + value);
}

}  // namespace tandem::torture

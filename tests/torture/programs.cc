#include "programs.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <utility>

namespace tandem::torture {

Program& Programs::add(std::string name, std::vector<std::string> argv) {
  all_.push_back({std::move(name), std::move(argv), 0, false});
  return all_.back();
}

Status Programs::launch(Program& program) {
  const auto pid =
      processes_.start(program.argv, processes_.directory() + "/" + program.name + ".log");
  if (!pid) return fail(pid.error());
  program.pid = *pid;
  return {};
}

std::string Programs::restart_killed() {
  std::string wrong;
  processes_.reap();
  for (Program& program : all_) {
    const auto status = processes_.ended(program.pid);
    if (program.pid == 0 || !status || program.stays_down) continue;
    if (!WIFSIGNALED(*status) || WTERMSIG(*status) != SIGKILL) {
      wrong += program.name + " ended by itself, wait status " + std::to_string(*status) + "; ";
    }
    const Status started = launch(program);
    if (!started) wrong += started.error().message + "; ";
  }
  return wrong;
}

Status Programs::stop() {
  std::string wrong;
  for (auto program = all_.rbegin(); program != all_.rend(); ++program) {
    if (program->pid == 0) continue;
    const int status = processes_.stop(program->pid);
    if (status != 0)
      wrong += program->name + " stopped with wait status " + std::to_string(status) + "; ";
    program->pid = 0;
  }
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

#include "pg/server.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

namespace tandem::pg {
namespace {

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "the PostgreSQL of the tests: %s\n", why.c_str());
  std::abort();
}

std::string find_programs() {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
    const std::string programs = version.path().string() + "/bin";
    if (access((programs + "/postgres").c_str(), X_OK) == 0) found.push_back(programs);
  }
  if (found.empty()) give_up("postgresql-15 is not installed (share/scripts/dependencies.sh test)");
  return *std::max_element(found.begin(), found.end());
}

// As the user that PostgreSQL runs as; ended with this program, however that ends.
std::vector<std::string> unprivileged(const std::vector<std::string>& command) {
  std::vector<std::string> full = {"setpriv", "--pdeathsig", "QUIT"};
  if (geteuid() == 0) {
    for (const char* option : {"--reuid=nobody", "--regid=nogroup", "--clear-groups"}) {
      full.emplace_back(option);
    }
  }
  full.insert(full.end(), command.begin(), command.end());
  return full;
}

pid_t spawn(const std::vector<std::string>& command, int output) {
  std::vector<char*> argv;
  for (const std::string& argument : command) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = fork();
  if (pid == 0) {
    setsid();
    dup2(open("/dev/null", O_RDONLY), 0);
    dup2(output, 1);
    dup2(output, 2);
    setenv("LC_ALL", "C", 1);
    execvp(argv.front(), argv.data());
    _exit(127);
  }
  return pid;
}

int wait_for(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
  }
  return status;
}

}  // namespace

Server& Server::get() {
  static const auto server = std::make_unique<Server>();
  return *server;
}

Server::Server() : programs_(find_programs()) {
  std::string path = (std::filesystem::temp_directory_path() / "tandem-pg-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) give_up("no temporary directory");
  directory_ = path;
  if (chmod(path.c_str(), 0711) != 0) give_up("chmod");
  if (geteuid() == 0) {
    const passwd* nobody = getpwnam("nobody");
    if (nobody == nullptr || chown(path.c_str(), nobody->pw_uid, nobody->pw_gid) != 0) {
      give_up("there is no user nobody");
    }
  }
  const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  const int status =
      wait_for(spawn(unprivileged({programs_ + "/initdb", "-D", directory_ + "/data", "-A", "trust",
                                   "-U", "tester", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"}),
                     null));
  close(null);
  if (status != 0) give_up("initdb failed");
  start();
}

Server::~Server() {
  if (pid_ != 0) stop(SIGQUIT);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void Server::start(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {programs_ + "/postgres", "-D", directory_ + "/data", "-k",
                                      directory_};
  // fsync stays on: a server without it is refused.
  for (const char* setting :
       {"listen_addresses=", "unix_socket_permissions=0777", "shared_buffers=32MB",
        "max_connections=30", "wal_level=minimal", "max_wal_senders=0", "autovacuum=off",
        "max_prepared_transactions=2", "log_min_messages=log"}) {
    command.insert(command.end(), {"-c", setting});
  }
  command.insert(command.end(), arguments.begin(), arguments.end());
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) give_up("pipe");
  log_.clear();
  ended_ = false;
  pid_ = spawn(unprivileged(command), ends[1]);
  close(ends[1]);
  reader_ = std::thread([this, fd = ends[0]] { read_log(fd); });
  wait_for_log("ready to accept connections");
}

void Server::stop(int signal_number) {
  kill(pid_, signal_number);
  wait_for(pid_);
  pid_ = 0;
  reader_.join();
}

std::string Server::make_directory(const std::string& name) {
  std::string path = directory_ + "/" + name;
  std::filesystem::create_directory(path);
  return path;
}

void Server::read_log(int fd) {
  char bytes[4096];
  for (ssize_t got = 1; got > 0;) {
    got = read(fd, bytes, sizeof bytes);
    const std::lock_guard lock(mutex_);
    if (got > 0) log_.append(bytes, static_cast<size_t>(got));
    ended_ = got <= 0;
    more_.notify_all();
  }
  close(fd);
}

void Server::wait_for_log(const std::string& text) {
  std::unique_lock lock(mutex_);
  more_.wait(lock, [&] { return ended_ || log_.find(text) != std::string::npos; });
  if (log_.find(text) == std::string::npos) give_up("it ended:\n" + log_);
}

}  // namespace tandem::pg

// Runs a function in a child process with its outputs kept apart: for what ends a process, changes
// its signals or closes its descriptors.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "base/check.h"
#include "support/temporary_directory.h"

namespace tandem::daemon {

struct ChildResult {
  int status = -1;  // the exit status, or 128 and the signal that killed it
  std::string out;
  std::string err;
};

inline void redirect(int fd, const std::string& path) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  CHECK(file >= 0 && dup2(file, fd) == fd);
  close(file);
}

inline ChildResult run_child(const std::function<int()>& body) {
  const support::TemporaryDirectory scratch;
  const pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    redirect(STDOUT_FILENO, scratch.file("out"));
    redirect(STDERR_FILENO, scratch.file("err"));
    _exit(body());
  }
  int status = 0;
  CHECK(waitpid(pid, &status, 0) == pid);
  const auto text_of = [&scratch](const char* name) {
    std::ifstream file(scratch.file(name));
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), text_of("out"),
          text_of("err")};
}

// argv of a program; the words outlive the call that it is used in.
class Arguments {
 public:
  explicit Arguments(std::vector<std::string> words) : words_(std::move(words)) {
    words_.insert(words_.begin(), "rs-test");
    for (std::string& word : words_) pointers_.push_back(word.data());
    pointers_.push_back(nullptr);
  }
  int argc() const { return static_cast<int>(words_.size()); }
  char** argv() { return pointers_.data(); }

 private:
  std::vector<std::string> words_;
  std::vector<char*> pointers_;
};

}  // namespace tandem::daemon

// The programs that the torture itself starts: launched, started again when killed, stopped.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/result.h"
#include "log_reader.h"
#include "processes.h"

namespace tandem::torture {

struct Program {
  std::string name;  // its log is NAME.log
  std::vector<std::string> argv;
  pid_t pid = 0;            // 0: never launched
  bool stays_down = false;  // once it is killed
  // Its disk fails or went back, or the like: it may end with status 74 or 69, if its log tells
  // why, and is then started again as if it had been killed, but not at once.
  bool may_give_up = false;
  int64_t down_until_us = 0;
  bool ended = false;     // and that was judged
  int ends_by = SIGTERM;  // or SIGKILL, where how it ends does not matter
};

class Programs {
 public:
  explicit Programs(Processes& processes) : processes_(processes) {}

  // The reference stays good.
  Program& add(std::string name, std::vector<std::string> argv);
  Status launch(Program& program);
  // Launches what SIGKILL has ended, or what was done to it, but for what stays down. Gives
  // what ended otherwise.
  std::string restart_killed();
  // Ends one after the other, the last one that was added first. Complains about every exit status
  // but 0 of those that TERM ends.
  Status stop();

  std::deque<Program>& all() { return all_; }
  LogReader& logs() { return logs_; }

 private:
  // What is wrong with an end of this wait status; empty: nothing.
  std::string judge_end(Program& program, int status);
  std::string log_of(const Program& program) const;

  Processes& processes_;
  LogReader logs_;
  std::deque<Program> all_;
};

// A TCP port of this host that nobody listens on now.
int free_port();
void write_text(const std::string& path, const std::string& text);
// Empty where it cannot be read.
std::string read_text(const std::string& path);
// --set key=value
void set_option(std::vector<std::string>& argv, const std::string& key, const std::string& value);

}  // namespace tandem::torture

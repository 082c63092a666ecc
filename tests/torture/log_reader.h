// Reads what programs write to their logs, through pipes, into files; and stops reading when it is
// told to, as a log process does that hangs. A thread of its own; the calls are for one other
// thread.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"

namespace tandem::torture {

class LogReader {
 public:
  LogReader() = default;
  ~LogReader();
  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;

  // Where a program is to write to, for a log in this file; the same descriptor each time. It stays
  // open here, so that the pipe is that of every process which gets it.
  Result<int> pipe_for(const std::string& path);

  // Nothing of any log is read any more, and no pipe has room for another line.
  void stop();
  void go_on();
  // What has been written up to now is in the files, stopped or not.
  void catch_up();

 private:
  struct Pipe {
    int read = -1;
    int write = -1;
    int file = -1;
  };
  void run();
  void wake() const;
  static void drain(const Pipe& pipe);
  static void fill(const Pipe& pipe);

  std::mutex mutex_;  // of what follows
  std::map<std::string, Pipe> pipes_;
  bool stopped_ = false;
  bool ended_ = false;
  int wake_ = -1;  // an eventfd
  std::thread thread_;
};

}  // namespace tandem::torture

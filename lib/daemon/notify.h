// Tells the supervisor how the process is doing: a newline on the descriptor named by RS_READY_FD
// (s6's notification-fd) and datagrams to NOTIFY_SOCKET (sd_notify(3), also an abstract one).
// Where RS_READY_WORDS is set as well, what a process waits for before it is ready goes to that
// descriptor too, without a newline and with a NUL at its end. s6-supervise must get none of it: from
// the first byte on it reads until the newline, and is deaf to all commands meanwhile.
// Either may be missing. A supervisor that cannot be told is logged once and never stops us.
#pragma once

#include <string>
#include <string_view>

namespace tandem::daemon {

class Notifier {
 public:
  Notifier() = default;
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // Takes these names out of the environment, and moves the descriptor out of the way of children.
  // REQUIRES: called before anything opens a descriptor: a number in RS_READY_FD that is closed
  // now could later be a socket or a log.
  void take_environment();

  // Not ready yet: what is waited for; empty: nothing any more. Never waits for who reads.
  void waits(std::string_view what);
  void ready();
  void stopping();
  void reloading();  // followed by ready() again

 private:
  void send(std::string_view state);

  int ready_fd_ = -1;
  bool words_ = false;
  std::string socket_;
};

}  // namespace tandem::daemon

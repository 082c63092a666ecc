// One run of a daemon, from the start of the first part to the end of the loop: a state machine
// over starting, serving, draining and ended, moved by completions of the parts, signals, stop()
// and the drain timer. Private to Daemon.
#pragma once

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "daemon/daemon.h"
#include "daemon/part.h"
#include "loop/loop.h"

namespace tandem::daemon {

// TERM and INT, which end a daemon, and HUP, with which it reads its settings anew.
sigset_t handled_signals();

class Daemon::Run {
 public:
  Run(Daemon& daemon, loop::Loop& loop, const std::vector<Part*>& parts);
  ~Run();

  // Starts the parts and turns the loop until the end.
  void run();
  // In the next turn of the loop, because whoever calls may be a part that would be drained.
  void stop_soon();
  // Lets go of the loop, which is gone before the Daemon is.
  void leave_loop();

 private:
  enum class Phase { kStarting, kServing, kDraining, kEnded };

  void on_signals();
  void on_signal(int number);
  void reload();
  void start_next();
  void on_started(size_t index, const Status& status);
  void look_at_start();
  void serve();
  void begin_drain();
  void drain_next();
  void on_drained(size_t index);
  void hurry(std::string_view why);
  void end();

  Daemon& daemon_;
  loop::Loop& loop_;
  const std::vector<Part*> parts_;
  Phase phase_ = Phase::kStarting;
  bool looping_ = false;
  size_t started_ = 0;          // parts whose start() was called
  size_t undrained_ = 0;        // while draining: parts below this have not been asked
  std::string waits_for_;       // while starting, as it was told last
  uint64_t told_waits_ms_ = 0;  // of the loop
  int signal_fd_ = -1;
  std::unique_ptr<loop::Poll> signals_;
  std::unique_ptr<loop::Timer> start_looks_;
  std::unique_ptr<loop::Timer> stop_timer_;
  std::unique_ptr<loop::Timer> drain_timer_;
};

}  // namespace tandem::daemon

// What a replica may say only once something it wrote is on the disk, and which writes those are.
//
// The protocol core counts its writes, and so does the log that carries them out, which has others
// besides: here the numbers of the one are those of the other. Both rise.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "repl/events.h"
#include "repl/surroundings.h"

namespace tandem::repl {

class HeldSends {
 public:
  explicit HeldSends(Outbox& outbox) : outbox_(outbox) {}

  // The core's write is that one of the log.
  void wrote(Ticket core, Ticket log) { writes_.push_back(Write{core, log}); }
  // At once where what it depends on is on the disk.
  void send(Send send);
  // The log's writes up to this one are on the disk: what waited for them leaves. The last of the
  // core's among them, where there was one.
  std::optional<Ticket> durable(Ticket log);

 private:
  struct Write {
    Ticket core = 0;
    Ticket log = 0;
  };

  Outbox& outbox_;
  std::deque<Write> writes_;  // that are not on the disk yet
  Ticket durable_ = 0;        // of the core's
  std::vector<Send> held_;    // in the order in which they were sent
};

}  // namespace tandem::repl

// Answers queries: cheap ones at once, others one after the other on a thread of their own, each
// from a picture of the state, so that neither writes nor other reads wait for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "base/function.h"
#include "base/result.h"
#include "db/database.h"
#include "loop/background.h"
#include "loop/loop.h"
#include "repl/driver.h"
#include "rpc/server.h"

namespace tandem::worker {

class QueryRunner {
 public:
  // The JSON answer, and the index of the state that it was read from.
  using Done = UniqueFunction<void(Result<std::string> answer, uint64_t index)>;

  // All of them outlive this.
  QueryRunner(loop::Loop& loop, const db::Database& database, const repl::Driver& replica)
      : database_(database),
        replica_(replica),
        new_turn_(loop, [this] { turn_cost_ = 0; }),
        wait_for_room_(loop, [this] { start_next(); }),
        background_(loop) {}

  // How many bytes of answers are on the way to who asks.
  using Queued = std::function<size_t(rpc::Peer)>;
  void ask_for_queued_with(Queued queued) { queued_ = std::move(queued); }

  // From a state that is no older than now. Errors: kBadInput, kTooLarge, kBusy (too many large
  // reads wait, or this one was not begun before the deadline, boot clock, ns).
  void read(std::string_view query, rpc::Peer peer, int64_t deadline_ns, Done done);

  uint64_t large_reads() const { return large_reads_; }

 private:
  struct Large {
    std::string query;
    rpc::Peer peer;
    int64_t deadline_ns = 0;
    Done done;
  };

  bool answer_at_once(std::string_view query, Done& done);
  void start_next();
  void drop_expired();
  void start(Large next);

  const db::Database& database_;
  const repl::Driver& replica_;
  uint64_t turn_cost_ = 0;  // of what was answered at once in this turn of the loop
  loop::Prepare new_turn_;
  std::deque<Large> waiting_;
  size_t waiting_bytes_ = 0;
  bool running_ = false;
  uint64_t large_reads_ = 0;
  Queued queued_;
  loop::Timer wait_for_room_;
  loop::Background background_;
};

}  // namespace tandem::worker

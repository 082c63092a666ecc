// Answers queries from tables in memory: cheap ones at once, others one after the other on a thread of their own, each
// from a picture of the state, so that neither writes nor other reads wait for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/result.h"
#include "db/database.h"
#include "loop/background.h"
#include "loop/loop.h"
#include "queries.h"
#include "repl/driver.h"
#include "rpc/server.h"

namespace tandem::worker {

class QueryRunner final : public Queries {
 public:
  // All of them outlive this.
  QueryRunner(loop::Loop& loop, const db::Database& database, const repl::Driver& replica)
      : database_(database),
        replica_(replica),
        new_turn_(loop, [this] { turn_cost_ = 0; }),
        wait_for_room_(loop, [this] { start_next(); }),
        background_(loop) {}

  void ask_for_queued_with(Queued queued) override { queued_ = std::move(queued); }
  void read(std::string_view query, rpc::Peer peer, int64_t deadline_ns, Done done) override;
  uint64_t large_reads() const override { return large_reads_; }

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

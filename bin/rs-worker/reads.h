// Answers queries: cheap ones at once, others one after the other on a thread of their own, each
// from a picture of the state, so that neither writes nor other reads wait for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/function.h"
#include "base/result.h"
#include "db/database.h"
#include "loop/background.h"
#include "loop/loop.h"
#include "replica/driver.h"

namespace tandem::worker {

class Reads {
 public:
  // The JSON answer, and the index of the state that it was read from.
  using Done = UniqueFunction<void(const Result<std::string>& answer, uint64_t index)>;

  // All of them outlive this.
  Reads(loop::Loop& loop, const db::Database& database, const replica::Driver& replica)
      : database_(database),
        replica_(replica),
        new_turn_(loop, [this] { turn_cost_ = 0; }),
        background_(loop) {}

  // From a state that is no older than now. Errors: kBadInput, kTooLarge, kBusy (too many large
  // reads wait, or this one was not begun before the deadline, boot clock, ns).
  void read(std::string_view query, int64_t deadline_ns, Done done);

  uint64_t large_reads() const { return large_reads_; }

 private:
  struct Large {
    std::string query;
    int64_t deadline_ns = 0;
    Done done;
  };

  bool answer_at_once(std::string_view query, Done& done);
  void start_next();

  const db::Database& database_;
  const replica::Driver& replica_;
  uint64_t turn_cost_ = 0;  // of what was answered at once in this turn of the loop
  loop::Prepare new_turn_;
  std::deque<Large> waiting_;
  size_t waiting_bytes_ = 0;
  bool running_ = false;
  uint64_t large_reads_ = 0;
  loop::Background background_;
};

}  // namespace tandem::worker

// Who waits for what in a replica: writers for the entry that carries their command to be applied,
// readers for the state to have reached an index, those of IndexWaiters first for the core to tell
// which one. All have a deadline.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/function.h"
#include "base/result.h"
#include "repl/state_machine.h"

namespace tandem::repl {

// The outcome of a write: the answer of the state machine and the index that it is at.
struct Written {
  uint64_t index = 0;
  Applied answer;
};

class Writers {
 public:
  using Done = UniqueFunction<void(Result<Written>)>;

  size_t size() const { return waiting_.size(); }
  void add(uint64_t index, int64_t deadline_ns, Done done);
  // The entry at `index` was applied.
  void applied(uint64_t index, const Applied& answer);
  // All of them: the outcome is unknown (leadership was lost, or this process ends).
  void fail_all(const Error& error);
  // Those whose deadline is over.
  void expire(int64_t now_ns);

 private:
  struct Waiting {
    int64_t deadline_ns = 0;
    Done done;
  };
  std::map<uint64_t, Waiting> waiting_;
};

class Readers {
 public:
  using Done = UniqueFunction<void(Status)>;

  size_t size() const { return waiting_.size(); }
  void add(uint64_t index, int64_t deadline_ns, Done done);
  // The state has reached `index`: everybody who waited for it or less goes on.
  void reached(uint64_t index);
  // The log was cut below what some wait for: their end of the log is void, and so is their wait.
  void fail_above(uint64_t index, const Error& error);
  void expire(int64_t now_ns);

 private:
  struct Waiting {
    int64_t deadline_ns = 0;
    Done done;
  };
  std::multimap<uint64_t, Waiting> waiting_;
};

// Linearizable reads that the protocol core looks up the index of.
class IndexWaiters {
 public:
  struct Waiting {
    uint64_t min_index = 0;  // what the client wants besides
    int64_t deadline_ns = 0;
    Readers::Done done;
  };

  size_t size() const { return waiting_.size(); }
  // The token that the core knows this read by.
  uint64_t add(Waiting waiting);
  // nullopt: it is not waited for any more.
  std::optional<Waiting> take(uint64_t token);
  void fail_all(const Error& error);
  void expire(int64_t now_ns);

 private:
  std::map<uint64_t, Waiting> waiting_;
  uint64_t last_token_ = 0;
};

}  // namespace tandem::repl

// What goes through one session in libpq's pipeline mode: batches in, outcomes out. It calls libpq
// and waits for nothing; reading, writing and waiting is its owner's. Private to lib/pg.
//
// libpq answers each command with results and a nullptr, and each sync with a result of its own. So
// what was sent is kept as a queue of steps, and what comes is held against the first of them.
// Anything that does not fit there is no PostgreSQL, or libpq has lost its place: the session ends.
//
// Preparing, and what else a batch needs before it, goes in sync blocks of its own. Where a batch
// fails, the server skips all up to the next sync, and a statement prepared behind the failure would
// be missing to the batches after it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "pg/batch.h"
#include "pg/connection.h"
#include "pg/pq.h"
#include "pg/statement_cache.h"

namespace tandem::pg {

class Pipeline {
 public:
  // REQUIRES: `conn` is in pipeline mode whenever something is called here, and outlives this.
  Pipeline(PGconn* conn, size_t max_statements) : conn_(conn), cache_(max_statements) {}

  // Hands it to libpq. False: the connection is broken; the batch counts as sent. A batch of a
  // transaction that is over has its outcome at once.
  bool send(Batch batch, Completion done, uint64_t now_ms);

  // A batch that has its outcome. `done` is empty where there is none (yet).
  struct Finished {
    Completion done;
    Outcome outcome;
  };
  // Takes results up to the end of a batch or until there are no more. False: see broken().
  bool receive(std::optional<Finished>& finished);
  // Why receive() says that the session is over: what the server said last, or what of its answer
  // cannot be.
  const std::string& broken() const { return broken_; }
  // Every batch that was sent, with kUnknown.
  std::deque<Finished> lose(const std::string& why);

  void forget_statements() { forget_ = true; }
  // A COPY failed: rolls the open transaction back, where there is one. False: broken.
  bool copy_failed();

  // Something has its outcome without an answer.
  bool has_news() const { return !refused_.empty(); }
  bool idle() const { return steps_.empty(); }
  size_t in_flight() const { return in_flight_.size(); }
  size_t bytes_in_flight() const { return bytes_in_flight_; }
  // When the oldest one was sent. REQUIRES: there is one.
  uint64_t oldest_ms() const { return in_flight_.front().sent_ms; }

 private:
  enum class Kind : uint8_t {
    kPrepare,
    kDeallocate,
    kBegin,
    kStatement,
    kCommit,
    kRollback,
    kSync,
    kBatchEnd,  // a sync as well
  };
  static bool is_command(Kind kind) { return kind != Kind::kSync && kind != Kind::kBatchEnd; }
  struct Step {
    Kind kind;
    uint64_t statement = 0;  // its number in the cache
    bool answered = false;
  };
  struct Running {
    Batch batch;
    Completion done;
    uint64_t transaction = 0;  // 0: it is alone
    uint64_t sent_ms = 0;
    size_t next = 0;  // the statement that is answered next
    bool sent_again = false;
    bool is_stale = false;  // it met a statement that is prepared no more, or for another schema
    std::vector<Rows> rows = {};
    std::optional<Failure> failure = {};
  };

  bool send(Running running);
  bool send_what_goes_before(const Running& running, std::vector<uint64_t>& ids);
  bool send_statements(const Running& running, const std::vector<uint64_t>& ids);
  bool send_prepare(uint64_t id, const std::string& sql, const std::vector<Type>& types);
  bool send_deallocate(uint64_t id);
  // Behind that transaction, which is the last one.
  bool send_roll_back(uint64_t transaction);
  bool sync(Kind kind);
  bool add(Kind kind, uint64_t statement, int sent);
  bool send_unnamed(const std::string& sql, const Parameters& parameters);
  bool send_named(uint64_t id, const Parameters& parameters);
  void fill(const Parameters& parameters);

  bool take(PqResult result);
  bool take_end_of_block(std::optional<Finished>& finished);
  bool take_answer(Step& step, PqResult result);
  void fail_batch(Failure failure);
  bool finish_batch(std::optional<Finished>& finished);
  bool break_off(std::string why);

  PGconn* const conn_;
  StatementCache cache_;
  std::deque<Step> steps_;
  std::deque<Running> in_flight_;
  std::deque<Finished> refused_;  // never sent
  size_t bytes_in_flight_ = 0;
  bool forget_ = false;
  std::vector<uint64_t> to_deallocate_;
  // Why a statement could not be prepared, while batches that use it may be on their way.
  std::unordered_map<uint64_t, Failure> not_prepared_;
  std::string broken_;

  // Transactions with a BEGIN, as of what was sent.
  bool open_ = false;
  uint64_t transaction_ = 0;  // the last one
  uint64_t rolled_back_ =
      0;  // behind this one and those before it ROLLBACK was sent, or not needed

  // Of the statement that is being sent; members for their memory.
  std::vector<Oid> types_;
  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
};

}  // namespace tandem::pg

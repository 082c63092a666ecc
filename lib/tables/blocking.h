// A session with PostgreSQL for work on a thread of its own, which waits for each answer: reading a
// whole state, or loading one. It has a loop to itself. What fails for a lock that somebody else holds
// names them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "loop/loop.h"
#include "pg/connection.h"
#include "pg/cursor.h"
#include "tables/lock_watch.h"

namespace tandem::tables {

// Whether nobody waits for the work any more: asked now and then.
using Stopping = std::function<bool()>;

// On one thread at a time, whichever.
class BlockingSession {
 public:
  // kTimeout: stopped. Others as Loop::make() and Connection::connect().
  static Result<std::unique_ptr<BlockingSession>> open(const pg::ConnectOptions& options,
                                                       Stopping stopping);
  BlockingSession(const BlockingSession&) = delete;
  BlockingSession& operator=(const BlockingSession&) = delete;

  void set_stopping(Stopping stopping) { stopping_ = std::move(stopping); }
  pg::Outcome run(pg::Batch batch);
  // Statements without parameters, in one transaction.
  Status run_all(const std::vector<std::string>& statements);
  // Gives the rows of a query, in the open transaction, some at a time; false: enough.
  Status read(const std::string& sql, std::vector<pg::Type> columns,
              const std::function<bool(const pg::Rows&)>& take);

  // COPY: copy_begin(), copy_row() each, copy_end().
  void copy_begin(const std::string& sql);
  Status copy_row(pg::Parameters row);
  Status copy_end();

 private:
  BlockingSession(std::unique_ptr<loop::Loop> loop, const pg::ConnectOptions& options,
                  Stopping stopping);
  bool wait_until(const std::function<bool()>& condition);
  void look();
  // With the name of who was in the way.
  Error told(Error why) const;
  Status copy_flush();

  struct Copy {
    std::vector<pg::Parameters> rows;
    size_t bytes = 0;
    bool ends = false;
    std::optional<pg::Outcome> outcome;
  };

  Stopping stopping_;
  std::unique_ptr<loop::Loop> loop_;
  loop::Timer looks_;  // whether the work is to be stopped, and for whom it waits
  LockWatch locks_;
  std::unique_ptr<pg::Connection> connection_;
  std::unique_ptr<Copy> copy_;
};

}  // namespace tandem::tables

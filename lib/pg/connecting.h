// A connection being made. Private to lib/pg.
#pragma once

#include <memory>
#include <string>

#include "base/function.h"
#include "base/result.h"
#include "loop/loop.h"
#include "pg/connection.h"
#include "pg/pq.h"

namespace tandem::pg {

// Goes through the steps of PQconnectPoll. It knows no deadline: its owner destroys it.
class Connecting {
 public:
  using Done = UniqueFunction<void(Result<Conn>)>;
  Connecting(loop::Loop& loop, Done done) : loop_(loop), done_(std::move(done)) {}

  // `done` is called from the loop, and may destroy this. Names of hosts are looked up here, which
  // blocks.
  void start(const ConnectOptions& options);
  // What is being connected; nullptr before start() and after `done`.
  const PGconn* conn() const { return conn_.get(); }

 private:
  void step();
  void wait_for(int events);
  Error failure() const;
  void finish(Result<Conn> result);

  loop::Loop& loop_;
  Done done_;
  Conn conn_;
  std::unique_ptr<loop::Poll> poll_;  // before conn_ goes, and before libpq changes sockets
  std::unique_ptr<loop::Timer> soon_;
};

}  // namespace tandem::pg

// Finds out, by a session of its own, who holds the lock that another session waits for: a person's
// ALTER TABLE, pg_dump, another program.
#pragma once

#include <memory>
#include <string>

#include "loop/loop.h"
#include "pg/session.h"

namespace tandem::tables {

class LockWatch final : public pg::SessionOwner {
 public:
  // `options`: of the session that waits.
  LockWatch(loop::Loop& loop, pg::ConnectOptions options);
  ~LockWatch() override;

  // The session is there from the first question on. One at a time: further ones are not asked.
  void ask(int backend_pid);
  // Whom the last one that was asked for waits for: "pid 4711 (psql, user ann, …)". Empty: nobody, as
  // far as is known.
  const std::string& blockers() const { return blockers_; }
  // The same as the end of what is said of its failure; empty, too.
  std::string reason() const {
    return blockers_.empty() ? blockers_ : ": it waited for a lock of " + blockers_;
  }
  void forget() { blockers_.clear(); }

 private:
  void session_up(pg::Connection& connection) override { connection_ = &connection; }
  void session_down(const Error&) override;
  void session_refused(const Error&) override {}

  loop::Loop& loop_;
  pg::SessionOptions options_;
  std::unique_ptr<pg::Session> session_;
  pg::Connection* connection_ = nullptr;
  bool asking_ = false;
  std::string blockers_;
};

}  // namespace tandem::tables

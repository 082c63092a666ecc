// A connection that is kept: made again whenever it is lost, after a pause that grows. Its owner is
// told when there is one and when there is none.
//
// Batches are not carried from one connection to the next: what was under way has failed by the time
// that the owner hears of the loss (kUnknown or kUnavailable), and only the owner knows what to do
// about it. The backend of a lost connection may still be at work.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "loop/loop.h"
#include "pg/connection.h"

namespace tandem::pg {

struct SessionOptions {
  ConnectOptions connect;
  // Whether a database that does not exist is made (pg/create_database.h).
  bool create_database = false;
  // The pause before the n-th try again is a random time up to first * 2^n, at most the longest: a
  // server that comes back is not met by everyone at once. A connection that was lost before it was
  // as old as the longest pause counts as a try that failed.
  uint64_t first_pause_ms = 50;
  uint64_t longest_pause_ms = 5'000;
};

class SessionOwner {
 public:
  virtual ~SessionOwner() = default;
  // There is a connection, good until session_down().
  virtual void session_up(Connection& connection) = 0;
  // It is lost.
  virtual void session_down(const Error& why) = 0;
  // No connection can be made, for a reason that does not go away by itself: kConfig, kPermission,
  // kNotFound. It is tried again all the same, each time after the longest pause, for somebody may
  // mend it: who would rather end than wait stops the session. Called once a reason.
  virtual void session_refused(const Error& why) = 0;
  // A try to make one has failed for a reason that may go away. It is tried again.
  virtual void session_failed(const Error&) {}
};

class Session {
 public:
  // Both outlive this. The owner is called from the loop, and may destroy this from within.
  Session(loop::Loop& loop, SessionOptions options, SessionOwner& owner);
  ~Session();  // the owner is not told
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // REQUIRES: not called before.
  void start();
  // Closes at once and does not come back; the owner is not told.
  void stop();

  // nullptr: there is none now.
  Connection* connection();
  // Why there is none, for people, and since when: "PostgreSQL: … (for 12 s)". Empty: there is one.
  std::string trouble() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tandem::pg

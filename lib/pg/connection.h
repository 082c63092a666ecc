// One session with a PostgreSQL server, on the loop: pipelines of prepared statements with binary
// parameters and results. libpq's pipeline mode behind it.
//
//   pg::Connection connection(loop, options);
//   connection.connect([](Status up) { … });
//   pg::Batch batch;
//   batch.add("SELECT name FROM users WHERE key = $1", std::move(key), {pg::Type::kText});
//   connection.run(std::move(batch), [](pg::Outcome outcome) { … });
//
// It lives once: what is lost stays lost (pg/session.h makes new ones). Everything is called on the
// loop's thread. A completion is called exactly once, from the loop and never from inside run(), in
// the order of the batches (what cannot be sent is told at once); it may call run() and may destroy
// the connection, and then no other completion is called any more.
//
// Batches are carried out in their order, and as many as there is room for are on the way at once.
// An error ends its own batch (and its transaction: pg/batch.h), not those behind it. Where the
// connection breaks, what was sent is kUnknown, in particular a COMMIT, and what was not is
// kUnavailable. A server of which the connection is lost may still be at work, and commit later.
//
// The results of a batch are held until it is complete: LIMIT is what bounds them, and more rows
// than that are read through pg/cursor.h. While results come nothing else has to be done for them:
// reading goes on while there is something to write, so that neither side waits for the other.
//
// A prepared statement that a change of the schema has made unusable (SQLSTATE 0A000, 26000) is
// prepared anew, and its batch sent again, where that can be seen by nobody: the batch has opened
// its own transaction and nothing was sent behind it. Else it fails as kUnavailable. Who changes the
// schema calls forget_statements() and has no such case.
//
// libpq looks names of hosts up by itself, and that holds the loop: give an address (`hostaddr`, or
// a directory for a socket) where name servers are slow. A pooler that gives a client another
// session with each transaction does not do: settings and prepared statements are the session's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "loop/loop.h"
#include "pg/batch.h"
#include "pg/conninfo.h"
#include "pg/copy.h"
#include "pg/failure.h"

namespace tandem::pg {

struct ConnectOptions {
  ConninfoValues conninfo;              // operator_conninfo()
  std::string application_name;         // who this is, in pg_stat_activity
  uint64_t connect_timeout_ms = 5'000;  // until the session is set up
  // With commits that are answered before they are durable, a crash of the server forgets the last
  // ones; never the first of two.
  bool synchronous_commit = true;
  uint64_t lock_timeout_ms = 5'000;   // 0: never
  uint64_t statement_timeout_ms = 0;  // 0: never
  // A session whose server owes an answer and from which nothing has come for as long is given up.
  // Longer than the timeouts above, or a server that is at work is taken for gone. 0: never.
  uint64_t silence_ms = 0;
  // Further parameters of the session, such as search_path, or others for those that are always set.
  std::vector<std::pair<std::string, std::string>> settings = {};
  // Of batches that are sent and not answered, and of those not sent; a single one may have more.
  size_t max_bytes_in_flight = size_t{4} << 20;
  size_t max_bytes_queued = size_t{64} << 20;
  size_t max_statements = 500;  // prepared at a time
};

using Completion = UniqueFunction<void(Outcome)>;

class Connection {
 public:
  Connection(loop::Loop& loop, ConnectOptions options);
  // Closes at once; no completion is called any more. A batch on its way may still be carried out.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // `done` gets nothing when the session is set up and the server is one that does. Errors:
  //   kUnavailable, kTimeout   nobody there, starting up, stopping, out of connections, a standby
  //   kNotFound                the database does not exist
  //   kPermission              login refused, or no password where one is wanted
  //   kConfig                  the conninfo is wrong, or the server is refused (server_check.h)
  // With the last two, and mostly with kNotFound, trying again does not help. REQUIRES: not called
  // before.
  void connect(UniqueFunction<void(Status)> done);
  // Called once when the session is lost, after the last completion: nobody is called any more then.
  // Not called where connect() fails.
  void on_lost(UniqueFunction<void(const Error&)> callback);
  bool is_up() const;

  void run(Batch batch, Completion done);
  // COPY, in its place among the batches: `sql` is "COPY t (a, b) FROM STDIN (FORMAT binary)". The
  // outcome is one Rows, of which affected() counts. It belongs to the open transaction where there
  // is one. That the server refuses a row shows at the end only: libpq does not look before.
  void copy_in(std::string sql, CopySource source, Completion done);
  // A source that said kWait has something.
  void copy_on();

  // The next statements are prepared anew: after a change of the schema.
  void forget_statements();
  // Asks the server to give up what it carries out now, which then fails with kTimeout. It takes a
  // connection of its own, on a thread of libuv's pool (PQcancel blocks). It may come too late, and
  // hit the next batch.
  void cancel();

  // Without an answer: sent, and all.
  size_t in_flight() const;
  size_t outstanding() const;
  // How long the oldest of them has been under way.
  uint64_t waiting_ms() const;
  // What the connection has, as of the last try. Empty or 0 before.
  int backend_pid() const;
  int server_version() const;
  std::string database() const;
  std::string user() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tandem::pg

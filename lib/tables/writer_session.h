// The session that may write to a replica's database of PostgreSQL: whenever it is made anew it takes
// the tables over (the fence of tables/meta.h), and makes what is tandem's own where there is none.
// What PostgreSQL refuses is asked again after a pause; a lock that somebody else holds is named.
//
// Thread: the loop's.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "loop/loop.h"
#include "pg/session.h"
#include "tables/lock_watch.h"
#include "tables/meta.h"

namespace tandem::tables {

class WriterSession final : private pg::SessionOwner {
 public:
  // Whose tables are written.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual OwnerOfTables whose() = 0;
    // Another look at whose the tables are begins: what was asked for is not answered any more. What
    // was sent may be carried out all the same; taken_over() tells.
    virtual void taking_over() = 0;
    // The tables are this session's, as of this.
    virtual void taken_over(Meta meta) = 0;
    // Nothing can be asked for until taking_over(), as the session is lost or something was refused;
    // as for what was asked, as there.
    virtual void away() = 0;
    // kConfig: for a reason that does not go away by itself. True: it is tried no more.
    virtual bool refused(const Error& why) = 0;
    // A try to get a session has failed for a reason that may go away.
    virtual void not_reached() {}
  };

  // Both outlive this.
  WriterSession(loop::Loop& loop, pg::SessionOptions options, Owner& owner);
  ~WriterSession() override;

  // REQUIRES: not called before.
  void start() { session_.start(); }
  // Where there is a session.
  void take_over_again() {
    if (connection_ != nullptr) take_over();
  }

  // nullptr: there is none.
  pg::Connection* connection() { return connection_; }
  // REQUIRES: there is a session. `done` is called only while taking_over() and away() are not.
  // `expected_ms`: so much longer than usual it may take before it counts as slow.
  void ask(pg::Batch batch, pg::Completion done, uint64_t expected_ms = 0) {
    expected_ms_ = expected_ms;
    run(std::move(batch), only_now(std::move(done)));
  }
  void copy_in(std::string sql, pg::CopySource source, pg::Completion done);
  // `done` is called in any case.
  void run(pg::Batch batch, pg::Completion done);
  // The answers of what was asked for are not wanted any more.
  void forget_asked() { ++turn_; }
  // What was asked for has failed: the tables are taken over again after a pause. What failed changed
  // nothing, or it is not known what it changed.
  void try_again(const pg::Failure& why);
  void try_again(const Error& why) { try_again(pg::Failure{.error = why}); }

  // The same for a reason that does not go away by itself (Owner::refused).
  void refuse(const Error& why);

  // That an answer has been owed for long, and who is in the way; empty: none has.
  std::string waits() const;
  // Who holds the lock that it waits for; empty: nobody, as far as is known.
  const std::string& blockers() const { return locks_.blockers(); }
  // Why there is no session, or what it was refused last; empty: nothing is known.
  std::string trouble() const;
  // It works.
  void forget_trouble() {
    trouble_.clear();
    full_.clear();
  }

 private:
  void session_up(pg::Connection& connection) override;
  void session_down(const Error& why) override;
  void session_refused(const Error& why) override;
  void session_failed(const Error&) override { owner_.not_reached(); }

  void note(const Error& why);
  pg::Completion only_now(pg::Completion then);
  void watch();
  void look();
  void take_over();
  void create();
  void upgrade();
  void taken_over(const pg::Outcome& outcome);
  void refuse_others();

  Owner& owner_;
  pg::Session session_;
  loop::Timer again_;
  loop::Timer looks_;
  LockWatch locks_;
  pg::Connection* connection_ = nullptr;
  uint64_t expected_ms_ = 0;  // of what was asked last
  uint64_t turn_ = 0;         // rises whenever what was asked for is of no use any more
  std::string trouble_;
  std::string full_;  // what the server said of its disk, since it last worked
};

}  // namespace tandem::tables

// The large reads of a Reader, one after the other on a session of their own. Private to lib/tables.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "loop/loop.h"
#include "pg/cursor.h"
#include "pg/session.h"
#include "tables/waiting_read.h"

namespace tandem::tables {

class LargeReads {
 public:
  // What it asks of the Reader.
  class Owner {
   public:
    virtual ~Owner() = default;
    // Parsed and judged again, where the schema was changed meanwhile; false: it has its answer.
    virtual bool plan_again(WaitingRead& read) = 0;
    // Not answered from a snapshot with another schema than that of its plan.
    virtual void other_schema(WaitingReadPtr read, const Reading& reading) = 0;
    // It was answered: nobody holds its tables. Or somebody does.
    virtual void answered(const WaitingRead& read) = 0;
    virtual void met_a_lock(const WaitingRead& read) = 0;
    virtual bool is_held(const WaitingRead& read) const = 0;
  };

  // All of them outlive this.
  LargeReads(loop::Loop& loop, const ReaderOptions& options, Owner& owner);
  ~LargeReads();  // nobody is told

  void add(WaitingReadPtr read);
  void start_next();
  void session_up(pg::Connection& connection);
  void session_down(const Error& why);
  // Ends all of them; what PostgreSQL still does is for nobody.
  void fail_all(const Error& why);
  // Ends what is past its deadline.
  void look_at_deadlines(int64_t now_ns);

  bool is_idle() const { return waiting_.empty() && running_ == nullptr; }
  uint64_t started() const { return started_; }
  // Of the read that is carried out now: how long, and by which backend. 0: none.
  uint64_t running_ms() const;
  int backend_pid() const { return connection_ == nullptr ? 0 : connection_->backend_pid(); }
  // Who holds it up, as far as is known; empty: nobody.
  void set_blockers(std::string who) { blockers_ = std::move(who); }

 private:
  struct Running;

  void begin(WaitingReadPtr read);
  void opened(pg::Outcome outcome);
  void next_query();
  void count();
  void count_up_to();
  void open_cursor();
  void next_rows();
  void take_rows(pg::Cursor::Some some);
  void end_query();
  void failed(const pg::Failure& failure);
  void fail_held(const Error& why);
  std::deque<WaitingReadPtr>::iterator find_next();
  void finish(Result<std::string> answer);
  void close();
  Error why_it_is_late() const;

  loop::Loop& loop_;
  const ReaderOptions& options_;
  Owner& owner_;
  pg::Connection* connection_ = nullptr;
  std::deque<WaitingReadPtr> waiting_;
  size_t waiting_bytes_ = 0;
  std::unique_ptr<Running> running_;
  uint64_t started_ = 0;
  std::string blockers_;
  loop::Timer wait_for_room_;
};

}  // namespace tandem::tables

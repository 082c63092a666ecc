#include "tables/lock_watch.h"

#include <utility>

#include "pg/blockers.h"

namespace tandem::tables {

LockWatch::LockWatch(loop::Loop& loop, pg::ConnectOptions options)
    : loop_(loop), options_{.connect = std::move(options)} {
  options_.connect.application_name += " locks";
}

LockWatch::~LockWatch() = default;

void LockWatch::session_down(const Error&) {
  connection_ = nullptr;
  asking_ = false;
}

void LockWatch::ask(int backend_pid) {
  if (session_ == nullptr) {
    session_ = std::make_unique<pg::Session>(loop_, options_, *this);
    session_->start();
  }
  if (connection_ == nullptr || std::exchange(asking_, true)) return;
  pg::Batch batch;
  pg::add_who_blocks(batch, backend_pid);
  connection_->run(std::move(batch), [this](const pg::Outcome& outcome) {
    asking_ = false;
    blockers_ = outcome ? pg::describe(pg::blockers_of(outcome->front())) : std::string();
  });
}

}  // namespace tandem::tables

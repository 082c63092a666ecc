// The database as a part of a service: the connection to rs-orch, its settings and its share in
// readiness.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "daemon/config.h"
#include "daemon/part.h"
#include "http/health.h"
#include "loop/loop.h"
#include "rideshare/connect.h"
#include "rideshare/db_client.h"

namespace tandem::rideshare {

struct DatabaseConfig {
  std::vector<std::string> urls{"ipc://run/sock/orch.sock"};
  Options calls;
  uint32_t start_wait_ms = 10'000;
  uint32_t ready_timeout_ms = 1000;
};

// Declares database.urls, database.timeout, …
void declare_database(DatabaseConfig& config, daemon::SettingTable& table);

// What the start would refuse.
Status check_database(const DatabaseConfig& config);

class DatabaseLink final : public daemon::Part {
 public:
  // `loop` outlives this.
  DatabaseLink(DatabaseConfig config, loop::Loop& loop);

  // REQUIRES: started.
  DbClient& client();
  // For /readyz: one round trip to rs-orch, which says whether the database can serve.
  void check_ready(http::ReadyAnswer answer);

  std::string_view name() const override { return "database"; }
  // Dials, and waits for the first good round trip, so that "ready" means it; not longer than
  // start_wait_ms, because a database that is gone makes a service not ready, but does not end it.
  void start(UniqueFunction<void(Status)> done) override;
  // Calls in flight belong to HTTP requests, which have been drained before.
  void drain(UniqueFunction<void()> done) override;

 private:
  void ping();
  void on_first_answer(const Status& status);

  const DatabaseConfig config_;
  loop::Loop& loop_;
  loop::Timer retry_;
  uint64_t give_up_at_ms_ = 0;
  UniqueFunction<void(Status)> started_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace tandem::rideshare

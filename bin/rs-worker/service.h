// What a worker answers by rpc: reads and writes of the database, its state, and the messages of
// the replication protocol.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/part.h"
#include "db/database.h"
#include "loop/loop.h"
#include "orphan_watch.h"
#include "replica/driver.h"
#include "rpc/server.h"
#include "wire/envelope.h"

namespace tandem::worker {

class Service final : public daemon::Part, public rpc::Handler {
 public:
  // All of them outlive this. REQUIRES: replica.open() was without error.
  Service(loop::Loop& loop, const std::string& url, db::Database& database,
          replica::Driver& replica, OrphanWatch& orphan_watch);

  void on_call(rpc::Reply reply, std::string_view payload) override;
  void on_message(rpc::Peer peer, std::string_view payload) override;

  std::string_view name() const override { return "rpc"; }
  void start(UniqueFunction<void(Status)> done) override;
  void drain(UniqueFunction<void()> done) override;

 private:
  void read(rpc::Reply reply, const wire::Request& request);
  void write(rpc::Reply reply, const wire::Request& request);
  void set_schema(rpc::Reply reply, const wire::Request& request);
  void log_command(rpc::Reply reply, const wire::Request& request, std::string command);
  void info(rpc::Reply reply);

  const std::string url_;
  db::Database& database_;
  replica::Driver& replica_;
  OrphanWatch& orphan_watch_;
  rpc::Server server_;
  uint64_t reads_ = 0;
  uint64_t writes_ = 0;
};

}  // namespace tandem::worker

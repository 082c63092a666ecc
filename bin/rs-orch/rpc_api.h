// What the services ask of the orchestrator by rpc: db/read, db/write, db/clear, ping.
#pragma once

#include "daemon/part.h"
#include "loop/loop.h"
#include "orchestrator.h"
#include "rpc/server.h"

namespace tandem::orch {

class RpcApi final : public daemon::Part, public rpc::Handler {
 public:
  RpcApi(loop::Loop& loop, const std::string& url, Orchestrator& orchestrator);

  void on_call(rpc::Reply reply, std::string_view payload) override;

  std::string_view name() const override { return "rpc"; }
  void start(UniqueFunction<void(Status)> done) override;
  void drain(UniqueFunction<void()> done) override;

 private:
  Orchestrator& orchestrator_;
  rpc::Server server_;
};

}  // namespace tandem::orch

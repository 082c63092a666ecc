// What the services ask of the orchestrator by rpc: db/read, db/write, db/clear, ping. The requests
// that are under way share the room of those that came by HTTP, see http/buffer_budget.h.
#pragma once

#include "daemon/part.h"
#include "group/gateway.h"
#include "http/buffer_budget.h"
#include "loop/loop.h"
#include "orchestrator.h"
#include "rpc/server.h"

namespace tandem::orch {

class RpcApi final : public daemon::Part, public rpc::Handler {
 public:
  // `orchestrator` and `buffers` outlive this.
  RpcApi(loop::Loop& loop, const std::string& url, Orchestrator& orchestrator,
         http::BufferBudget& buffers);

  // Where it listens.
  const std::string& url() const { return server_.url(); }

  void on_call(rpc::Reply reply, std::string_view payload) override;

  std::string_view name() const override { return "rpc"; }
  void start(UniqueFunction<void(Status)> done) override;
  void drain(UniqueFunction<void()> done) override;

 private:
  // Takes room for the request until it is answered.
  group::Gateway::Done answer_with(rpc::Reply reply, size_t bytes);

  Orchestrator& orchestrator_;
  http::BufferBudget& buffers_;
  rpc::Server server_;
};

}  // namespace tandem::orch

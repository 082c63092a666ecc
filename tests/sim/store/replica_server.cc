#include "sim/store/replica_server.h"

#include <string>
#include <utility>

#include "base/check.h"
#include "sim/store/process_timer.h"
#include "wire/status.h"

namespace tandem::sim {
namespace {

class ServerReply final : public store::Reply {
 public:
  ServerReply(ReplicaServer& server, const Call& call, const Return& way)
      : server_(server), call_(call), way_(way) {}

  void answer(uint16_t status, uint64_t index, std::string_view body) override {
    CHECK(!std::exchange(answered_, true));
    server_.answers(call_, {status, std::string(body), index}, way_);
  }
  void fail(const Error& error) override {
    if (error.kind == ErrorKind::kBug) violated(error.message);
    answer(wire::status_of(error.kind), 0, {});
  }
  void refuse_method() override { violated("a replica is asked for what it does not have"); }

 private:
  ReplicaServer& server_;
  const Call call_;
  const Return way_;
  bool answered_ = false;
};

}  // namespace

void ReplicaServer::begin(repl::Driver& driver) {
  service_ = make_service(driver);
  service_->start();
}

std::unique_ptr<Timer> ReplicaServer::make(UniqueFunction<void()> callback) {
  return std::make_unique<ProcessTimer>(store_.universe, node_,
                                        [this, callback = std::move(callback)]() mutable {
                                          enter(logged_by_itself(), [&callback] { callback(); });
                                        });
}

void ReplicaServer::serve(const Call& call, Return way) {
  wire::Request request;
  request.method = call.method;
  request.consistency = wire::Consistency::kLinearizable;
  request.budget_ms = static_cast<uint32_t>(store_.patience_ns() / kMs) + 1;
  request.key = call.key;
  request.body = call.body;
  enter(logged_for(call.method),
        [&] { service_->on_request(std::make_unique<ServerReply>(*this, call, way), request); });
}

void ReplicaServer::enter(Step logged, UniqueFunction<void()> work) {
  const repl::Index before = node_.driver().logged_index();
  node_.drive([&work] { work(); });
  if (node_.leading() && node_.driver().logged_index() > before) store_.passes(logged, node_);
}

void ReplicaServer::answers(const Call& call, const Response& response, const Return& way) {
  if (!node_.acts()) return;
  const bool shows = wire::is_read(call.method) && response.is_final();
  if (shows) node_.shows(history::Level::kLinearizable, call.committed);
  leaves(call, response, response.index);
  way.answer(response);
  has_left(call, response);
}

}  // namespace tandem::sim

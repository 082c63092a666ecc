// What every replica answers by rpc, whatever its state machine: the messages of the replication
// protocol, those of controllers, its state, whether it is there, and its backups. Everything else
// goes to the program's own Methods.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "base/function.h"
#include "base/result.h"
#include "daemon/part.h"
#include "loop/loop.h"
#include "loop/turns.h"
#include "replica/exports.h"
#include "replica/host.h"
#include "replica/spool.h"
#include "rpc/server.h"
#include "wire/envelope.h"
#include "wire/json.h"

namespace tandem::replica {

// What a program's replica is asked besides.
class Methods {
 public:
  virtual ~Methods() = default;
  // What `request` points to is gone when the function returns.
  virtual void on_request(rpc::Reply reply, const wire::Request& request) = 0;
  // A controller has asked for its state or told it something: it is being watched.
  virtual void on_asked_by_controller() {}
  // Adds to what is told of this replica (kWorkerInfo).
  virtual void add_info(wire::Json&) const {}
  // Of an export (kDbExport) of the state as of that index; nullptr: there are none here.
  virtual std::unique_ptr<SpoolForm> export_form(const repl::Picture&) const { return nullptr; }
};

void answer(rpc::Reply& reply, uint16_t status, uint64_t index, std::string_view body);
// The same with a body that may be large: then it is not copied.
void answer_large(rpc::Reply& reply, uint16_t status, uint64_t index, std::string body);
void answer_error(rpc::Reply& reply, const Error& error);
// For a method that this replica does not have.
void refuse_method(rpc::Reply& reply);

class Endpoint final : public daemon::Part, public rpc::Handler {
 public:
  // All of them outlive this. REQUIRES: replica.open() was without error.
  Endpoint(loop::Loop& loop, const std::string& url, Host& replica, Methods& methods);

  void on_call(rpc::Reply reply, std::string_view payload) override;
  void on_message(rpc::Peer peer, std::string_view payload) override;

  // Of answers on the way to this asker.
  size_t queued_bytes(rpc::Peer peer) const { return server_.queued_bytes(peer); }

  std::string_view name() const override { return "rpc"; }
  // Start it before the replica, which then announces where it listens.
  void start(UniqueFunction<void(Status)> done) override;
  void drain(UniqueFunction<void()> done) override;

 private:
  struct Waiting {
    rpc::Reply reply;
    std::string payload;
    int64_t since_ns = 0;
  };

  bool on_export(rpc::Reply& reply, const wire::Request& request);
  void on_request(rpc::Reply reply, const wire::Request& request);
  void new_turn();

  Host& replica_;
  Methods& methods_;
  Exports exports_;
  // Requests that this turn of the loop has no time for, in their order.
  std::deque<Waiting> waiting_;
  size_t waiting_bytes_ = 0;
  int64_t turn_ns_ = 0;  // spent on requests in this turn
  loop::Prepare turn_ends_;
  loop::Idle goes_on_;
  loop::Turns turns_;
  rpc::Server server_;
};

}  // namespace tandem::replica

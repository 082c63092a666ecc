// A replica of the toy store: the service that the program runs (lib/store), in simulated
// surroundings. What is looked at whenever something goes into the service or leaves it is here;
// what the service decides is not.
#pragma once

#include <memory>

#include "base/function.h"
#include "repl/driver.h"
#include "sim/node.h"
#include "sim/program.h"
#include "sim/store/store.h"
#include "store/service.h"
#include "store/surroundings.h"

namespace tandem::sim {

class ReplicaServer : public Program, public Server, private Timers {
 public:
  ReplicaServer(Store& store, Node& node) : store_(store), node_(node) {}

  void begin(repl::Driver& driver) override;
  void drain(UniqueFunction<void()> done) override { service_->drain(std::move(done)); }
  void serve(const Call& call, Return way) override;

  // Has the service do something; where it logs something the process passes this step.
  void enter(Step logged, UniqueFunction<void()> work);
  // The service answers a call.
  void answers(const Call& call, const Response& response, const Return& way);

 protected:
  virtual std::unique_ptr<store::Service> make_service(repl::Driver& driver) = 0;
  // What is passed when the service logs something because of a call, or by itself.
  virtual Step logged_for(wire::Method method) const = 0;
  virtual Step logged_by_itself() const = 0;
  // An answer is about to leave, and has left.
  virtual void leaves(const Call&, const Response&, repl::Index) {}
  virtual void has_left(const Call&, const Response&) {}

  Time time() { return {node_.boot_clock(), *this}; }

  Store& store_;
  Node& node_;

 private:
  std::unique_ptr<Timer> make(UniqueFunction<void()> callback) override;

  std::unique_ptr<store::Service> service_;
};

}  // namespace tandem::sim

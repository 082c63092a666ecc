// Who leads the group: carries out what the pure controller (repl/controller.h) wants, on the real
// coordination service and the links to the workers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "coord/coord.h"
#include "events.h"
#include "loop/loop.h"
#include "repl/controller.h"
#include "workers.h"

namespace tandem::orch {

class Leadership {
 public:
  Leadership(loop::Loop& loop, coord::Coord& coord, Workers& workers, Events& events,
             std::string group);
  ~Leadership();

  // Told when the leader changed or opened its epoch, and when the set changed.
  void on_change(std::function<void()> callback) { on_change_ = std::move(callback); }

  void start();
  void stop();
  void set_active(bool active);

  void worker_up(const Worker& worker);
  void worker_dead(repl::ReplicaId id, uint64_t session);
  // REQUIRES: no worker has data and there is no record.
  void create_group(const Worker& first, uint32_t min_in_sync);
  // Asks the leader to take a replica out of the in-sync set; look at record() for the outcome.
  void remove(repl::ReplicaId id);

  const std::optional<repl::Record>& record() const { return controller_.record(); }
  bool record_was_read() const { return controller_.record_was_read(); }
  // The leader by the record, 0 where there is none.
  repl::ReplicaId leader() const { return record() ? record()->leader : 0; }
  bool leader_open() const { return controller_.leader_open(); }
  bool in_sync(const Worker& worker) const {
    return record() && record()->contains(worker.replica());
  }
  const repl::ReplicaState* state_of(repl::ReplicaId id) const { return controller_.state_of(id); }

 private:
  void tick();
  void carry_out(const repl::ControllerEffects& effects);
  void send(const repl::Message& message);
  void read_record();
  void take_record(const Result<coord::Versioned>& record);
  void tell_changes();

  loop::Loop& loop_;
  coord::Coord& coord_;
  Workers& workers_;
  Events& events_;
  const std::string group_;
  repl::Controller controller_;
  std::unique_ptr<coord::Watch> watch_;
  loop::Timer ticker_;
  std::function<void()> on_change_;
  bool reading_ = false;
  bool read_again_ = false;
  bool ticks_fast_ = false;
  // What was told last.
  repl::Epoch told_epoch_ = 0;
  uint64_t told_version_ = 0;
  bool told_open_ = false;
  std::shared_ptr<Leadership*> self_;  // shared with completions that may come after this is gone
};

}  // namespace tandem::orch

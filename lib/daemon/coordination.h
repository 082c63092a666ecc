// The coordination of a process, opened as its settings say: the back end, and what it stands on.
//
//   daemon::Coordination coordination{config.coord, loop};
//   replica::Host replica{loop, …, coordination.coord()};
//
// Nobody is asked for anything here: that Consul is not there is no reason not to start.
#pragma once

#include <memory>
#include <string>

#include "base/timers.h"
#include "consulhost/host_processes.h"
#include "consulhost/http_transport.h"
#include "coord/coord.h"
#include "daemon/coord_config.h"
#include "loop/loop.h"
#include "loop/loop_timers.h"

namespace tandem::daemon {

class Coordination {
 public:
  // Where it cannot be opened that ends the process (die()). `loop` outlives this.
  Coordination(CoordConfig config, loop::Loop& loop);

  // The back end that the settings name, opened when it is asked for first; else as above.
  coord::Coord& coord();

  const CoordConfig& config() const { return config_; }
  // Whether this process is to be registered as a service.
  bool registers() const { return transport_ != nullptr && config_.registers; }
  // REQUIRES, of both: the back end is consul.
  consul::Transport& transport() { return *transport_; }
  std::string host_name() const { return processes_->host_name(); }
  Time time() { return timers_.time(); }

 private:
  const CoordConfig config_;
  loop::Loop& loop_;
  loop::LoopTimers timers_;
  std::unique_ptr<consulhost::HttpTransport> transport_;
  std::unique_ptr<consulhost::HostProcesses> processes_;
  std::unique_ptr<coord::Coord> coord_;
};

}  // namespace tandem::daemon

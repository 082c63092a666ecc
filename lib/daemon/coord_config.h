// How a process finds the coordination that all processes of a deployment share: the same settings
// and the same back end for whoever takes part.
#pragma once

#include <memory>
#include <string>

#include "coord/coord.h"
#include "daemon/config.h"
#include "loop/loop.h"

namespace tandem::daemon {

struct CoordConfig {
  std::string backend = "local";
  std::string root = "run/state/coord";
  std::string host_name;  // empty: as the system says
};

// coord.backend, coord.root and host.name.
void declare_coord(CoordConfig& config, SettingTable& table);

// The back end that the settings name. Where it cannot be opened that ends the process (die()).
std::unique_ptr<coord::Coord> open_coord(const CoordConfig& config, loop::Loop& loop);

}  // namespace tandem::daemon

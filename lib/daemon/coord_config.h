// How a process finds the coordination that all processes of a deployment share: the same settings
// for whoever takes part.
#pragma once

#include <string>

#include "daemon/config.h"

namespace tandem::daemon {

struct CoordConfig {
  std::string backend = "local";
  std::string root = "run/state/coord";
  std::string host_name;  // empty: as the system says
};

// coord.backend, coord.root and host.name.
void declare_coord(CoordConfig& config, SettingTable& table);

}  // namespace tandem::daemon

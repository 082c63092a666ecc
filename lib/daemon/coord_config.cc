#include "daemon/coord_config.h"

#include <utility>

#include "coord/local.h"
#include "daemon/daemon.h"

namespace tandem::daemon {

void declare_coord(CoordConfig& c, SettingTable& t) {
  t.text("coord.backend", c.backend, "where processes coordinate: local files").one_of({"local"});
  t.text("coord.root", c.root, "directory of the local coordination files")
      .checked_by(check_not_empty);
  t.text("host.name", c.host_name,
         "name of this host, by which others know where a process runs; empty: as the system says");
}

std::unique_ptr<coord::Coord> open_coord(const CoordConfig& config, loop::Loop& loop) {
  auto local = coord::open_local({.root = config.root, .host = config.host_name}, loop);
  if (!local) die(local.error());
  return std::move(*local);
}

}  // namespace tandem::daemon

#include "daemon/coord_config.h"

namespace tandem::daemon {

void declare_coord(CoordConfig& c, SettingTable& t) {
  t.text("coord.backend", c.backend, "where processes coordinate: local files").one_of({"local"});
  t.text("coord.root", c.root, "directory of the local coordination files")
      .checked_by(check_not_empty);
  t.text("host.name", c.host_name,
         "name of this host, by which others know where a process runs; empty: as the system says");
}

}  // namespace tandem::daemon

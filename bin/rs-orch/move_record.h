// What `tandem coord move` has rs-orch do: the records of all groups of this system go from local
// files to Consul, or back (consulhost/record_move.h), where the settings of coordination say.
#pragma once

#include <string>

#include "daemon/coord_config.h"
#include "daemon/options.h"

namespace tandem::orch {

daemon::Option move_record_option();
// `home`: the value of that option. Prints what was moved. Ends the process.
[[noreturn]] void move_record(daemon::CoordConfig config, const std::string& home);

}  // namespace tandem::orch

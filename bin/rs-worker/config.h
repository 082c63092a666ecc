// The settings of rs-worker; etc/worker.toml shows them all. rs-orch gives those that belong to one
// worker on the command line.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/config.h"
#include "replica/driver.h"

namespace tandem::worker {

struct WorkerConfig {
  replica::DriverOptions replica;
  std::string rpc_url;
  std::string coord_backend = "local";
  std::string coord_root = "run/state/coord";
  uint64_t orphan_timeout_ms = 60000;  // 0: never
};

void declare_worker(WorkerConfig& config, daemon::SettingTable& table);

}  // namespace tandem::worker

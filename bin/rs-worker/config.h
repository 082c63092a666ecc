// The settings of rs-worker; etc/worker.toml shows them all. rs-orch gives those that belong to one
// worker on the command line.
#pragma once

#include <cstdint>

#include "daemon/config.h"
#include "db/limits.h"
#include "replica/replica_config.h"

namespace tandem::worker {

struct WorkerConfig {
  replica::ReplicaConfig replica;
  uint64_t orphan_timeout_ms = 60000;  // 0: never
  db::Limits limits;
  replica::TablesConfig tables;
};

void declare_worker(WorkerConfig& config, daemon::SettingTable& table);
Status check_worker(const WorkerConfig& config);

// Those of the settings, and what follows from where the tables are.
replica::HostOptions host_options(const WorkerConfig& config);

}  // namespace tandem::worker

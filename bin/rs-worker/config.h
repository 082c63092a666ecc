// The settings of rs-worker; etc/worker.toml shows them all. rs-orch gives those that belong to one
// worker on the command line.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/config.h"
#include "db/limits.h"
#include "replica/replica_config.h"

namespace tandem::worker {

struct TablesConfig {
  std::string backend = "file";
  std::string url;  // a conninfo of libpq, {id} in the place of the replica's number
  std::string password_file;
};

struct WorkerConfig {
  replica::ReplicaConfig replica;
  uint64_t orphan_timeout_ms = 60000;  // 0: never
  db::Limits limits;
  TablesConfig tables;
};

void declare_worker(WorkerConfig& config, daemon::SettingTable& table);

}  // namespace tandem::worker

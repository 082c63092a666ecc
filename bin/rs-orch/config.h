// The settings of rs-orch; etc/orch.toml shows them all.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/config.h"
#include "daemon/coord_config.h"
#include "daemon/http_service.h"

namespace tandem::orch {

struct OrchConfig {
  daemon::HttpConfig http;
  std::string rpc_url = "ipc://run/sock/orch.sock";
  daemon::CoordConfig coord;

  bool ui_actions = false;
  std::string events_directory = "run/state/rs-orch-events";  // empty: none

  std::string group = "rides-db";
  std::string consistency = "linearizable";
  uint32_t timeout_ms = 5000;
  uint64_t max_in_flight = 20000;
  uint32_t min_in_sync = 1;
  uint32_t max_in_sync = 3;

  std::string worker_program;  // empty: rs-worker beside this program
  std::string worker_config;   // empty: workers have defaults
  std::string worker_directory = "run/state/rides-db";
  std::string worker_sockets = "run/sock";
  std::string worker_url;  // with {id}; empty: a socket in worker_sockets
  uint32_t stop_timeout_ms = 5000;
  uint32_t start_timeout_ms = 300000;    // 0: as long as it takes
  uint32_t restart_timeout_ms = 120000;  // of one worker, until it is in sync again

  uint32_t window_ms = 120000;
  uint32_t reads_per_slave = 20;
  uint32_t min_slaves = 1;
  uint32_t max_slaves = 8;

  daemon::RawConfig tables;
};

void declare_orch(OrchConfig& config, daemon::SettingTable& table);

// What one value cannot tell: the declaration of the tables, the bounds of scaling.
Status check_orch(const OrchConfig& config);

// Where worker `id` listens.
std::string worker_url(const OrchConfig& config, uint64_t id);

// The directories of the workers' data and of all sockets.
Status make_directories(const OrchConfig& config);

// Fills workers.program in where it is not set: rs-worker in the directory of this executable.
void find_worker_program(OrchConfig& config);

}  // namespace tandem::orch

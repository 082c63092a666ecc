// How a process finds the coordination that all processes of a deployment share, and where it is
// registered for people: the same settings for whoever takes part (daemon/coordination.h opens it).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "daemon/config.h"

namespace tandem::daemon {

struct CoordConfig {
  std::string backend = "local";
  std::string root = "run/state/coord";
  // Of Consul.
  std::vector<std::string> addresses{"127.0.0.1:8500"};
  std::string prefix = "tandem";
  std::string token_file;
  std::string ca_file;
  std::string cert_file;
  std::string key_file;
  bool registers = true;
  int64_t deregister_after_ms = 60'000;

  std::string host_name;     // empty: as the system says
  std::string host_address;  // empty: where HTTP listens, or the agent's own
};

// All of coord and host.
void declare_coord(CoordConfig& config, SettingTable& table);
// The same without coord.root, for a process that takes no part and is registered alone.
void declare_registry(CoordConfig& config, SettingTable& table);

// What the start would refuse.
Status check_coord(const CoordConfig& config);
// What the start only warns of: the files of TLS are read at each connection, and may be renewed at
// this moment. REQUIRES: check_coord() found nothing.
Status check_coord_files(const CoordConfig& config);

// What the file of coord.token_file holds; "" where none is named.
Result<std::string> read_token(const CoordConfig& config);

// The same for a process that this one starts, as keys and values of settings.
std::vector<std::pair<std::string, std::string>> coord_settings(const CoordConfig& config);

}  // namespace tandem::daemon

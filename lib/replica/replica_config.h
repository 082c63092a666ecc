// The settings that all replica processes share: [replica] (rs-worker calls it [worker]), [rpc],
// [coord], [keys], [log], [snapshot]. In the toy store one file serves all replicas of a group:
// `{id}` in a path or URL stands for the number of the replica, which --id gives.
#pragma once

#include <string>
#include <vector>

#include "daemon/config.h"
#include "daemon/coord_config.h"
#include "daemon/options.h"
#include "daemon/registration.h"
#include "repl/exactly_once.h"
#include "replica/host.h"

namespace tandem::replica {

struct ReplicaConfig {
  HostOptions host;
  repl::KeyLimits keys;  // that are remembered; new ones are refused (503)
  std::string rpc_url;
  daemon::CoordConfig coord;
};

// Where the tables of a replica are: [tables].
struct TablesConfig {
  std::string backend = "file";
  std::string url;  // a conninfo of libpq, {id} in the place of the replica's number
  std::string password_file;
};
// `backends`: what the two of them mean, for the help.
void declare_tables(TablesConfig& config, daemon::SettingTable& table, const std::string& backends);

// The values that `config` has are the defaults; id, directory and url are required where it has
// none.
void declare_replica(ReplicaConfig& config, daemon::SettingTable& table,
                     const std::string& section = "replica");
// --id, --restore and --check-backup for a program's option table.
std::vector<daemon::Option> replica_options();
// Puts the replica's number in the place of {id}.
void put_id(ReplicaConfig& config);
// What tells others of this replica, as a service; `replica` outlives it.
daemon::Registered registered(const ReplicaConfig& config, Host& replica, const char* leads,
                              const char* follows);
// Makes the directories that the sockets and the data need. kPermission, kIo, …
Status make_directories(const ReplicaConfig& config);

}  // namespace tandem::replica

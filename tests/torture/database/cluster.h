// The system under torture: rs-orch with three workers, rs-users, rs-rides, all below one
// directory. Starts and stops them, tells who is who.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "clocks.h"
#include "consul.h"
#include "consul_keys.h"
#include "disks.h"
#include "group_files.h"
#include "network.h"
#include "postgres.h"
#include "processes.h"
#include "programs.h"
#include "settings.h"
#include "support/http_call.h"

namespace tandem::torture::database {

struct Urls {
  std::string orch;  // http://127.0.0.1:PORT/api/v1
  std::string users;
  std::string rides;
};

struct Replica {
  int id = 0;
  pid_t pid = 0;
  bool master = false;
  bool in_sync = false;
  int64_t epoch = -1;
  int64_t last_index = -1;  // -1: silent
  int64_t applied_index = -1;
};

class Cluster {
 public:
  static constexpr int kWorkers = 3;
  static constexpr int kMostWorkers = kWorkers + 1;  // one more than there are, for a while
  // The worker whose directory is a small file system of its own, where that is possible. The first
  // one: rs-orch counts on from the directories that it finds.
  static constexpr int kSmallDisk = 1;

  Cluster(const Settings& settings, uint32_t min_in_sync, Processes& processes, Network& network);

  // Writes the configuration, starts everything, waits for it.
  Status start();
  // TERM to all; complains about every exit status but 0.
  Status stop() { return programs_.stop(); }

  Status start_orch();
  Status start_services();
  // Starts whatever of rs-orch, rs-users and rs-rides has been killed. Gives what ended otherwise.
  std::string restart_killed() { return programs_.restart_killed(); }
  // rs-orch, once it is killed, stays down until this is over.
  void expect_orch_down(bool down) { orch_.stays_down = down; }
  void kill_services();

  // By id; empty where rs-orch does not answer.
  std::vector<Replica> replicas();
  // All workers are in sync with a master, and rs-orch and the services are ready.
  bool whole();
  // What /readyz says.
  std::string trouble();
  bool ready(const std::string& base_url);
  bool wait_ready(const std::string& base_url, int64_t timeout_ms);

  uint32_t min_in_sync() const { return min_in_sync_; }
  // Nodes of the network: 1, 2, … are workers, then come the servers of Consul.
  static int nodes(const Settings& settings) {
    return kMostWorkers + (settings.on_consul() ? Consul::kServers : 0);
  }
  const std::string& group() const { return group_; }
  // Of the record and the members.
  Coordination& coordination() { return *coordination_; }
  // Where rs-orch listens, and workers without links.
  std::vector<std::string> sockets() const;
  std::vector<pid_t> service_pids() const { return {users_.pid, rides_.pid}; }
  LogReader& logs() { return programs_.logs(); }
  pid_t orch_pid() const { return orch_.pid; }
  const Urls& urls() const { return urls_; }
  std::string worker_directory(int id) const;
  Disks& disks() { return disks_; }
  Clocks& clocks() { return clocks_; }
  Postgres& postgres() { return postgres_; }
  Consul& consul() { return consul_; }
  // Worker `id` is not started while it is held; one that runs goes on.
  void hold(int id);
  void release(int id);
  void release_all();

 private:
  Status write_files();
  support::Answer readyz(const std::string& base_url);

  const Settings& settings_;
  const std::string group_ = "rides-db";
  const uint32_t min_in_sync_;
  Processes& processes_;
  Network& network_;
  Disks disks_;
  Clocks clocks_;
  support::HttpCall http_;
  Urls urls_;
  Programs programs_;
  Postgres postgres_;
  Consul consul_;
  LocalCoordination files_;
  ConsulKeys keys_;
  Coordination* coordination_;
  Program& orch_;
  Program& users_;
  Program& rides_;
};

}  // namespace tandem::torture::database

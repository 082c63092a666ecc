// Three Consul servers, each in a network of its own where links can be cut, else at a loopback
// address of its own; all ports are as usual. What they hold is below the run's directory. One thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "network.h"
#include "processes.h"
#include "programs.h"
#include "settings.h"
#include "support/http_call.h"

namespace tandem::torture {

class Consul {
 public:
  static constexpr int kServers = 3;
  static constexpr const char* kPrefix = "tandem";

  // None where the settings do not ask for it. They become the next of `programs`, which starts again
  // what is killed. Server `id`, from 1 on, is node `first_node` - 1 + `id` of the network.
  Consul(const Settings& settings, Processes& processes, Programs& programs, Network& network,
         int first_node);

  static std::vector<int> all() { return {1, 2, 3}; }
  bool exists() const { return !servers_.empty(); }
  // Starts all of them and waits until they have a leader.
  Status start();
  // Where each takes requests, http://HOST:PORT.
  std::vector<std::string> urls() const;
  // Sets what programs coordinate by; the servers are asked in turn, this one first.
  void configure(std::vector<std::string>& argv, int first) const;

  // 0: there is none that any of them tells of.
  int leader();
  // The answer of the first that gives one; `path` begins with /v1/.
  support::Answer call(std::string_view method, const std::string& path,
                       std::string_view body = {});
  // Arguments of the program consul, to be run by sh -e against the leader.
  Status command(const std::string& arguments);

  // SIGKILL to these at one moment. They stay down until heal() where that is wanted.
  Status kill(const std::vector<int>& ids, bool stays_down);
  // SIGSTOP until heal().
  Status stop(const std::vector<int>& ids);
  // From everybody, or from the other servers alone; until heal().
  Status cut(int id, bool from_everybody);
  // All are killed, lose what they have, and are started again.
  Status wipe();
  // Keeps the state of this moment, in the place of one that was kept before.
  Status save();
  // How old what was kept is, in us; 0: nothing was.
  int64_t saved_age_us() const;
  // Puts it back, once.
  Status restore();
  void heal();

 private:
  static std::string name(int id) { return "consul-" + std::to_string(id); }
  std::string host(int id) const;
  std::string url(int id) const { return "http://" + host(id) + ":8500"; }
  std::string start_line(int id) const;
  Program& program(int id) { return *servers_[static_cast<size_t>(id - 1)]; }

  const Settings& settings_;
  Processes& processes_;
  Programs& programs_;
  Network& network_;
  const int first_node_;
  support::HttpCall http_;
  std::vector<Program*> servers_;
  std::vector<pid_t> stopped_;
  int64_t saved_us_ = 0;  // 0: nothing is
};

}  // namespace tandem::torture

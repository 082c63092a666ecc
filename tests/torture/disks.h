// The disks of replicas: small ones, which can be filled, and syncs that fail when they are asked
// to. One thread.
//
// A replica is known by a name; its data are below the directory `data` of the run's own.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "processes.h"
#include "settings.h"

namespace tandem::torture {

class Disks {
 public:
  // `data`: one name, without slashes.
  Disks(const Settings& settings, Processes& processes, std::string data);

  // Before the replicas are started.
  Status make(const std::vector<std::string>& replicas);
  // Makes the directory of a replica a small file system of its own. REQUIRES: settings.links, and
  // make() before.
  Status make_small(const std::string& replica);

  std::string directory(const std::string& replica) const;
  // The words before a command whose syncs shall be able to fail, as preload() makes them;
  // `replica` may be an expression of the shell.
  std::vector<std::string> enter(const std::string& replica) const;

  // The next sync of its data that the replica asks for fails.
  void fail_next_sync(const std::string& replica);
  void forget_failing_syncs();

 private:
  std::string switch_of(const std::string& replica) const;

  const Settings& settings_;
  Processes& processes_;
  const std::string data_;
  std::vector<std::string> replicas_;
};

}  // namespace tandem::torture

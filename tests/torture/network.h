// A network namespace for each worker, joined by a bridge in the namespace of this process, which
// is its own: the wrapper script has unshared it. So a link can be cut one way, and nothing of it
// is seen outside or stays behind.
//
// Nodes are 1…kNodes for workers and 0 for everything else: rs-orch, the services, the clients.
#pragma once

#include <string>

#include "base/result.h"
#include "processes.h"

namespace tandem::torture {

class Network {
 public:
  static constexpr int kNodes = 4;

  explicit Network(Processes& processes) : processes_(processes) {}
  // Once.
  Status make();
  // What `from` sends to `to` is dropped, also on connections that are open.
  Status cut(int from, int to);
  Status heal();
  // tcp url with {id} for the number of the worker.
  static std::string worker_url();
  // The words before a command that is to run in the namespace of worker `id`, an expression of
  // the shell.
  static std::string enter(const std::string& id) { return "nsenter --net=net/" + id; }

 private:
  Processes& processes_;
  std::string undo_;  // a script
};

}  // namespace tandem::torture

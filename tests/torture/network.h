// A network namespace for each of some processes, joined by a bridge in the namespace of this
// process, which is its own: the wrapper script has unshared it. So a link can be cut one way, and
// nothing of it is seen outside or stays behind.
//
// Nodes are 1, 2, … for the processes whose links are cut and 0 for everything else, the clients
// among it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "processes.h"

namespace tandem::torture {

class Network {
 public:
  Network(Processes& processes, int nodes) : processes_(processes), nodes_(nodes) {}
  int nodes() const { return nodes_; }
  // Once.
  Status make();
  // What `from` sends to `to` is dropped, also on connections that are open. Nothing happens where
  // it is so already.
  Status cut(int from, int to) { return cut({{from, to}}); }
  Status cut(const std::vector<std::pair<int, int>>& from_to);
  Status heal();
  // Also of "{id}", as text.
  static std::string address(const std::string& node) { return "10.77.0." + node; }
  // The words before a command that is to run in the namespace of a node; `node` may be an
  // expression of the shell.
  static std::string enter(const std::string& node) { return "nsenter --net=net/" + node; }

 private:
  Processes& processes_;
  const int nodes_;
  std::vector<std::pair<int, int>> cut_;
};

}  // namespace tandem::torture

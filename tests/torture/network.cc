#include "network.h"

namespace tandem::torture {
namespace {

constexpr const char* kNetwork = "10.77.0.";

std::string address(int node) { return kNetwork + std::to_string(node == 0 ? 254 : node); }

std::string in_node(int node, const std::string& command) {
  return (node == 0 ? "" : Network::enter(std::to_string(node)) + " ") + command + "\n";
}

}  // namespace

Status Network::make() {
  std::string script =
      "mkdir net\n"
      "ip link set lo up\n"
      "ip link add bridge0 type bridge\n"
      "ip address add " +
      address(0) + "/24 dev bridge0\nip link set bridge0 up\n";
  for (int node = 1; node <= kNodes; ++node) {
    const std::string id = std::to_string(node);
    script += "touch net/" + id + "\nunshare --net=net/" + id + " true\n";
    script += "ip link add worker" + id + " type veth peer name eth0 netns ./net/" + id + "\n";
    script += "ip link set worker" + id + " master bridge0 up\n";
    script += in_node(node, "ip link set lo up");
    script += in_node(node, "ip address add " + address(node) + "/24 dev eth0");
    script += in_node(node, "ip link set eth0 up");
  }
  return processes_.run(script);
}

Status Network::cut(int from, int to) {
  const std::string route = "route add blackhole " + address(to) + "/32";
  undo_ += in_node(from, "ip route del blackhole " + address(to) + "/32");
  return processes_.run(in_node(from, "ip " + route));
}

Status Network::heal() {
  const std::string script = std::move(undo_);
  undo_.clear();
  return script.empty() ? Status{} : processes_.run(script);
}

std::string Network::worker_url() { return std::string("tcp://") + kNetwork + "{id}:7000"; }

}  // namespace tandem::torture

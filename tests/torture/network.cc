#include "network.h"

#include <algorithm>

namespace tandem::torture {
namespace {

std::string address_of(int node) {
  return Network::address(std::to_string(node == 0 ? 254 : node));
}

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
      address_of(0) + "/24 dev bridge0\nip link set bridge0 up\n";
  for (int node = 1; node <= nodes_; ++node) {
    const std::string id = std::to_string(node);
    script += "touch net/" + id + "\nunshare --net=net/" + id + " true\n";
    script += "ip link add node" + id + " type veth peer name eth0 netns ./net/" + id + "\n";
    script += "ip link set node" + id + " master bridge0 up\n";
    script += in_node(node, "ip link set lo up");
    script += in_node(node, "ip address add " + address_of(node) + "/24 dev eth0");
    script += in_node(node, "ip link set eth0 up");
  }
  return processes_.run(script);
}

Status Network::cut(const std::vector<std::pair<int, int>>& from_to) {
  std::string script;
  for (const auto& link : from_to) {
    if (std::find(cut_.begin(), cut_.end(), link) != cut_.end()) continue;
    cut_.push_back(link);
    script += in_node(link.first, "ip route add blackhole " + address_of(link.second) + "/32");
  }
  return script.empty() ? Status{} : processes_.run(script);
}

Status Network::heal() {
  std::string script;
  for (const auto& [from, to] : cut_)
    script += in_node(from, "ip route del blackhole " + address_of(to) + "/32");
  cut_.clear();
  return script.empty() ? Status{} : processes_.run(script);
}

}  // namespace tandem::torture

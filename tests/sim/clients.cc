#include "sim/clients.h"

#include <algorithm>

namespace tandem::sim {

void Clients::start() {
  clients_.resize(world_.plan.clients);
  for (uint32_t id = 0; id < clients_.size(); ++id) begin(id);
}

bool Clients::idle() const {
  return std::none_of(clients_.begin(), clients_.end(), [](const auto& c) { return c.waiting; });
}

std::string Clients::key_of(uint32_t id) const {
  return "client" + std::to_string(id) + "-" + std::to_string(clients_[id].number);
}

void Clients::begin(uint32_t id) {
  if (stopped_) return;
  ++clients_[id].number;
  clients_[id].waiting = true;
  ask(id, clients_[id].number);
}

// Asks any replica that leads; whatever comes of it, asks again later.
void Clients::ask(uint32_t id, uint64_t number) {
  if (!clients_[id].waiting || clients_[id].number != number) return;
  size_t node = world_.random.below(nodes_.size());
  for (size_t i = 0; i < nodes_.size() && !nodes_[node]->leading(); ++i) {
    node = (node + 1) % nodes_.size();
  }
  const std::string key = key_of(id);
  const bool twice = !world_.healed && world_.random.chance(world_.plan.twice);
  for (int copies = twice ? 2 : 1; copies > 0; --copies) {
    world_.schedule.after(world_.network.delay(), [this, node, key] { arrive(node, key); });
  }
  world_.schedule.after(world_.random.between<int64_t>(20 * kMs, 300 * kMs),
                        [this, id, number] { ask(id, number); });
}

void Clients::arrive(size_t node, const std::string& key) {
  // The payload follows from the key, so that a repetition has the same.
  nodes_[node]->propose(key, "does-" + key);
}

void Clients::answer(const std::string& key) {
  if (!world_.healed && world_.random.chance(world_.plan.lose)) return;
  world_.schedule.after(world_.network.delay(), [this, key] { heard(key); });
}

void Clients::heard(const std::string& key) {
  for (uint32_t id = 0; id < clients_.size(); ++id) {
    if (!clients_[id].waiting || key_of(id) != key) continue;
    clients_[id].waiting = false;
    world_.schedule.after(world_.random.between<int64_t>(0, 40 * kMs), [this, id] { begin(id); });
  }
}

}  // namespace tandem::sim

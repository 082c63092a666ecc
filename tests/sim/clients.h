// Clients that give commands with keys, one at a time each, and ask again with the same key until
// they hear an answer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/node.h"
#include "sim/world.h"

namespace tandem::sim {

class Clients {
 public:
  Clients(World& world, std::vector<std::unique_ptr<Node>>& nodes) : world_(world), nodes_(nodes) {}

  void start();
  // A replica answers; the answer may be lost on its way.
  void answer(const std::string& key);
  // No further commands; those under way are asked again until they are answered.
  void stop() { stopped_ = true; }
  bool idle() const;

 private:
  struct Client {
    uint64_t number = 0;  // of its command
    bool waiting = false;
  };
  std::string key_of(uint32_t id) const;
  void begin(uint32_t id);
  void ask(uint32_t id, uint64_t number);
  void arrive(size_t node, const std::string& key);
  void heard(const std::string& key);

  World& world_;
  std::vector<std::unique_ptr<Node>>& nodes_;
  std::vector<Client> clients_;
  bool stopped_ = false;
};

}  // namespace tandem::sim

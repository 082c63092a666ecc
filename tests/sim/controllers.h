// Controllers without sense: they elect whichever in-sync replica answers, often for no reason, two
// of them at once, and tell things late, twice or not at all. Whatever they do must be safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "repl/message.h"
#include "sim/node.h"
#include "sim/world.h"

namespace tandem::sim {

class Controllers {
 public:
  Controllers(World& world, std::vector<std::unique_ptr<Node>>& nodes)
      : world_(world), nodes_(nodes) {}

  void start();
  void receive(const repl::Message& answer);
  void ask_to_leave(repl::ReplicaId subject);

 private:
  struct Controller {
    std::optional<repl::Record> record;
    uint64_t question = 0;
    std::map<repl::ReplicaId, repl::Message> answers;
    repl::Epoch watched_epoch = 0;
    int64_t watched_since_ns = 0;
  };
  void look(size_t i);
  void record_was_read(size_t i, const std::optional<repl::Record>& record);
  void decide(size_t i);
  bool wants_election(const Controller& controller) const;
  void elect(size_t i);
  void announce(const repl::Record& record);
  void tell_deaths(const repl::Record& record);
  void send(repl::Message message, repl::ReplicaId to, const repl::Record& record);

  World& world_;
  std::vector<std::unique_ptr<Node>>& nodes_;
  std::vector<Controller> controllers_;
  uint64_t last_question_ = 0;
};

}  // namespace tandem::sim

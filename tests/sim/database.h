// The program of the replicas under simulation where the protocol alone is looked at: objects, and
// clients that change and read them.
#pragma once

#include <cstdint>
#include <string>

#include "base/function.h"
#include "history/history.h"
#include "sim/node.h"
#include "sim/objects.h"
#include "sim/program.h"

namespace tandem::sim {

// What a client asks for, as often as it likes; each time is a try.
struct Request {
  uint32_t client = 0;
  uint64_t number = 0;  // of the client's requests
  std::string key;      // of a command; a read has none
  std::string payload;
  std::string object;  // to read
  history::Level level = history::Level::kLinearizable;
  repl::Index floor = 0;  // what a read has to show, but for an eventual one
};

struct Answer {
  repl::Applied applied;
  Objects::Values values;  // that were read
  repl::Index index = 0;   // of the state that answers
};

class Database final : public Program {
 public:
  // Takes the answers; outlives this.
  class Clients {
   public:
    virtual ~Clients() = default;
    virtual void reply(const Request& request, const Answer& answer) = 0;
  };

  Database(Node& node, Checks& checks, Clients& clients)
      : node_(node), clients_(clients), objects_(checks) {}

  repl::StateMachine& machine() override { return objects_; }
  const Objects::Map& objects() const { return objects_.all(); }

  void ask(const Request& request) {
    if (request.key.empty()) {
      node_.read({request.level, request.floor, [this, request] {
                    const Answer answer{{200, ""}, objects_.read(request.object), node_.applied()};
                    clients_.reply(request, answer);
                  }});
    } else {
      node_.write(request.key, request.payload,
                  [this, request](const repl::Applied* applied, repl::Index index) {
                    if (applied != nullptr) clients_.reply(request, Answer{*applied, {}, index});
                  });
    }
  }

 private:
  Node& node_;
  Clients& clients_;
  Objects objects_;
};

// The database on a replica that is up.
inline Database& database_of(const Node& node) { return static_cast<Database&>(node.program()); }

}  // namespace tandem::sim

// Clients that read and change objects, one request at a time each. A change has a key, and is
// asked for with the same key until it is answered or the client loses patience; what they were
// told goes into a history that is checked at the end.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "history/history.h"
#include "sim/database.h"
#include "sim/group.h"

namespace tandem::sim {

class Clients final : public Database::Clients {
 public:
  explicit Clients(Group& group)
      : group_(group), world_(group.world()), network_(group.network()), nodes_(group.nodes()) {}

  void start();
  // A replica answers; the answer may be lost on its way.
  void reply(const Request& request, const Answer& answer) override;
  // No further requests; those under way are asked again until they are answered.
  void stop() { stopped_ = true; }
  bool idle() const;
  // With what the objects hold at the end.
  void check(const Objects::Map& objects, repl::Index index);

  size_t operations() const { return history_.size(); }
  size_t reads() const { return reads_; }
  size_t undecided() const { return undecided_; }  // keys that the search gave up on

 private:
  struct Client {
    Request request;
    history::Operation operation;
    bool waiting = false;
    bool forged = false;  // the key of an earlier command with another body
    uint32_t patience = 0;
    repl::Index seen = 0;                 // of the session
    repl::Index heard = 0;                // of any answer to a change
    std::map<std::string, int64_t> held;  // registers, as last read
  };
  void begin(uint32_t id);
  void choose_read(Client& client, const std::string& object);
  void choose_change(Client& client, const std::string& object);
  void forge(Client& client);
  void ask(uint32_t id, uint64_t number);
  static void arrive(Node& node, const Request& request);
  void lose_patience(Client& client);
  void heard(const Request& request, const Answer& answer);
  void take(Client& client, const Answer& answer);
  void pause(uint32_t id);

  Group& group_;
  World& world_;
  Network& network_;
  const Nodes& nodes_;
  std::vector<Client> clients_;
  history::History history_;
  int64_t last_value_ = 0;
  size_t reads_ = 0;
  size_t undecided_ = 0;
  bool stopped_ = false;
};

}  // namespace tandem::sim

// A replica of the catalog: what ts-catalog does around lib/toys. Its leader answers a change when
// the fronts' caches know of it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "sim/node.h"
#include "sim/program.h"
#include "sim/store/store.h"
#include "toys/catalog.h"
#include "toys/subscriptions.h"

namespace tandem::sim {

class CatalogServer final : public Program, public Server {
 public:
  CatalogServer(Store& store, Node& node);

  repl::StateMachine& machine() override { return catalog_; }
  void applied(const wire::Entry& entry, const repl::Applied& answer) override;
  void takes_writes(bool now) override;
  void serve(const Call& call, Return reply) override;

  const toys::Catalog& catalog() const { return catalog_; }

 private:
  struct Held {  // an answer, until every cache knows of the change
    uint64_t barrier = 0;
    repl::Index index = 0;
    Response response;
    Return reply;
  };

  void get(const Call& call, const Return& reply);
  void change(const Call& call, const Return& reply);
  Result<std::string> command_of(const Call& call) const;
  void poll(const Call& call, const Return& reply);
  void tick();
  void restock();
  bool write(std::string command);
  void push_out();
  void release();

  Store& store_;
  Node& node_;
  toys::Catalog catalog_;
  toys::Subscriptions subscriptions_;
  std::vector<toys::Toy> changed_;    // by the entry that is being applied
  std::map<uint64_t, Return> polls_;  // that wait, by front
  std::deque<Held> held_;             // in the order of their barriers
  bool logging_first_toys_ = false;
};

}  // namespace tandem::sim

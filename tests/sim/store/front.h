// One front: what ts-front does around lib/toys. Its cache, its polls, and the way of a purchase or
// a change to the leader and back.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/process.h"
#include "sim/store/store.h"
#include "toys/product_cache.h"

namespace tandem::sim {

class Front final : public Process, public Server {
 public:
  Front(Store& store, uint32_t id);

  uint32_t id() const { return id_; }
  void start() override;
  void crash() override;
  void heal();
  void serve(const Call& call, Return reply) override;

  // Of all its lives.
  toys::CacheFigures figures() const;

 private:
  struct Query {
    std::string name;
    uint64_t must_show = 0;  // for the check: what was answered when it came
    uint64_t floor = 0;      // of the fill that it waits for
    int64_t deadline_ns = 0;
    Return reply;
  };

  void take(const Call& call, const Return& reply);
  void pass_on(Gateway& gateway, Call call, const Return& reply);
  void query(Query query);
  void fill(const std::string& name);
  void filled(const std::string& name, const Response& response);
  void ask_alone(Query query);
  void answer(const Query& query, const Response& response, bool hit);
  void poll();
  void hear(const Response& response);

  Store& store_;
  const uint32_t id_;
  toys::CacheFigures former_;  // of the lives before

  // What dies with the process.
  struct Life {
    Life(Store& store, const Address& self, Process& process);
    toys::ProductCache cache;
    Gateway orders;
    Gateway catalog;
    Gateway polls;
    int64_t last_clock_ns = 0;                          // when the last request came
    std::map<std::string, std::vector<Query>> waiting;  // for the fill of a name
  };
  std::unique_ptr<Life> life_;
};

}  // namespace tandem::sim

// One front: what ts-front does around lib/toys. Its cache with the subscription that ships
// (lib/store), its queries, and the way of a purchase or a change to the leader and back.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "sim/process.h"
#include "sim/store/store.h"
#include "store/subscription.h"
#include "store/surroundings.h"
#include "toys/product_cache.h"

namespace tandem::sim {

class Front final : public Process,
                    public Server,
                    private Clock,
                    private Timers,
                    private store::Operator {
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
  class CatalogLink final : public store::CatalogLeader {
   public:
    explicit CatalogLink(Front& front) : front_(front) {}
    uint64_t session() const override { return front_.life_->polls.leader_session(); }
    void call(std::string_view payload, uint64_t timeout_ms, Completion done) override;

   private:
    Front& front_;
  };
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
  std::unique_ptr<store::Subscription> subscribe();
  void look_for_leader();
  void hear(const Response& response, CatalogLink::Completion& done);
  // What the subscription needs.
  int64_t boot_ns() const override { return clock(); }
  int64_t wall_ms() const override { return Process::wall_ms(); }
  std::unique_ptr<Timer> make(UniqueFunction<void()> callback) override;
  void tell(log::Level level, std::string_view text,
            std::initializer_list<log::Field> fields) override;

  Store& store_;
  const uint32_t id_;
  toys::CacheFigures former_;  // of the lives before

  // What dies with the process.
  struct Life {
    Life(Store& store, const Address& self, Front& front);
    toys::ProductCache cache;
    Gateway orders;
    Gateway catalog;
    Gateway polls;
    CatalogLink link;
    std::unique_ptr<store::Subscription> subscription;
    int64_t last_clock_ns = 0;                          // when the last request came
    std::map<std::string, std::vector<Query>> waiting;  // for the fill of a name
  };
  std::unique_ptr<Life> life_;
};

}  // namespace tandem::sim

// One front: what ts-front runs (lib/store, group::Gateway and the cache) in simulated
// surroundings. What is looked at whenever something leaves it is here; what is served, asked for
// and tried again is not.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "sim/process.h"
#include "sim/store/group_way.h"
#include "sim/store/store.h"
#include "store/changes.h"
#include "store/product_queries.h"
#include "store/subscription.h"
#include "store/surroundings.h"
#include "toys/product_cache.h"

namespace tandem::sim {

class Front final : public Process,
                    public Server,
                    private Clock,
                    private store::Operator,
                    private store::ProductView {
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
  class Client;
  class CatalogLink final : public store::CatalogLeader {
   public:
    explicit CatalogLink(Front& front) : front_(front) {}
    uint64_t session() const override;
    void call(std::string_view payload, uint64_t timeout_ms, Completion done) override;

   private:
    Front& front_;
  };
  // The way to a group; a fill is looked at when its answer is there.
  class ToGroup final : public store::Gateway {
   public:
    ToGroup(Front& front, Role group);
    void submit(const wire::Request& request, Done done) override;
    bool reaches_leader() const override { return way_.gateway().reaches_leader(); }
    GroupWay& way() { return way_; }

   private:
    Front& front_;
    GroupWay way_;
  };

  void query(const Call& call, const Return& reply, const std::string& request_id);
  void look_up(const Call& call, const Return& reply, const std::string& request_id);
  void change(const Call& call, const Return& reply, const std::string& request_id);
  void changed(const Call& call, const Return& reply, const wire::Response& response,
               const std::string& key);
  void served(const Client& client, const store::Shown& shown, bool hit);
  void hear(const Response& response, CatalogLink::Completion& done);
  store::Subscription::Options subscription_options() const;

  // Clock
  int64_t boot_ns() const override { return clock(); }
  int64_t wall_ms() const override { return Process::wall_ms(); }
  // What the subscription needs.
  void tell(log::Level level, std::string_view text,
            std::initializer_list<log::Field> fields) override;
  // What the queries need.
  store::Shown product(std::string_view name, const wire::Response& response) const override;
  store::Shown no_such_product() const override;
  store::Shown too_late() const override { return {503, "{}"}; }

  Store& store_;
  const uint32_t id_;
  toys::CacheFigures former_;  // of the lives before
  uint64_t requests_ = 0;

  // What dies with the process.
  struct Life {
    explicit Life(Front& front);
    ProcessTimers timers;
    toys::ProductCache cache;
    ToGroup orders;
    ToGroup catalog;
    store::ProductQueries queries;
    store::Changes order_changes;
    store::Changes catalog_changes;
    CatalogLink leader;
    store::Subscription subscription;
  };
  std::unique_ptr<Life> life_;
};

}  // namespace tandem::sim

// The store as this front reaches it: the groups of the orders and of the catalog, and which front
// is their controller. One is: it holds the lock "active" of the orders. The others follow what it
// does, serve all the same, and take over when the lock is free.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "accept_loss.h"
#include "base/function.h"
#include "catalog_reach.h"
#include "config.h"
#include "coord/coord.h"
#include "daemon/part.h"
#include "events/journal.h"
#include "group/group.h"
#include "group/restore_news.h"
#include "loop/loop.h"
#include "replica_report.h"
#include "store/subscription.h"
#include "store/surroundings.h"
#include "storehost/gateway.h"

namespace tandem::front {

// Of the catalog, for the subscription.
class LeaderLink final : public store::CatalogLeader {
 public:
  explicit LeaderLink(group::Group& catalog) : catalog_(catalog) {}
  uint64_t session() const override;
  void call(std::string_view payload, uint64_t timeout_ms, Completion done) override;

 private:
  group::Group& catalog_;
};

class OrderLinks final : public OrderReplicas {
 public:
  // `configured`: shown although nothing is known of them.
  OrderLinks(group::Group& orders, std::set<repl::ReplicaId> configured)
      : orders_(orders), configured_(std::move(configured)) {}
  std::vector<View> views() const override;
  void call(uint32_t id, std::string_view payload, uint64_t timeout_ms, Completion done) override;

 private:
  bool in_sync(repl::ReplicaId id, const group::ReplicaLink* replica) const;

  group::Group& orders_;
  const std::set<repl::ReplicaId> configured_;
};

// As a part it is the controller's lock alone; its two groups are parts of their own, to be started
// before it.
class Store final : public daemon::Part, public LosingGroups {
 public:
  // `coord` and `events` outlive this.
  Store(loop::Loop& loop, coord::Coord& coord, const FrontConfig& config, events::Journal& events);

  group::Group& orders() { return orders_; }
  group::Group& catalog() { return catalog_; }
  store::Gateway& to_orders() { return to_orders_; }
  store::Gateway& to_catalog() { return to_catalog_; }
  store::CatalogLeader& catalog_leader() { return catalog_leader_; }
  OrderReplicas& order_replicas() { return order_replicas_; }

  void accept_loss(const Loss& loss, LosingGroups::Done done) override;

  // Whether this front is the controller.
  bool active() const { return active_ && lock_ != nullptr && lock_->held(); }
  // Ready: both groups take writes; else why not.
  Status readiness() const;
  // Called each time when a leader, or readiness, may have changed.
  void on_change(UniqueFunction<void()> callback) { on_change_ = std::move(callback); }

  std::string_view name() const override { return "controller"; }
  void start(UniqueFunction<void(Status)> done) override;
  void drain(UniqueFunction<void()> done) override;

 private:
  void changed();
  void set_active(bool active);
  void tell_of(group::Group& group);

  coord::Coord& coord_;
  events::Journal& events_;
  const std::string lock_group_;
  group::Group orders_;
  group::Group catalog_;
  storehost::Gateway to_orders_;
  storehost::Gateway to_catalog_;
  LeaderLink catalog_leader_;
  OrderLinks order_replicas_;
  CatalogReach catalog_reach_;
  group::RestoreNews orders_restored_;
  group::RestoreNews catalog_restored_;
  std::unique_ptr<coord::Lock> lock_;
  bool active_ = false;
  UniqueFunction<void()> on_change_;
};

// Ends the start of the process when the store takes requests, or `wait_ms` are over: put after the
// parts that listen. A store that is not there makes a front not ready, but does not end it.
class StoreReady final : public daemon::Part {
 public:
  StoreReady(loop::Loop& loop, const Store& store, uint64_t wait_ms);
  // To be called when readiness may have changed.
  void look();

  std::string_view name() const override { return "groups"; }
  void start(UniqueFunction<void(Status)> done) override;
  void drain(UniqueFunction<void()> done) override;

 private:
  void end();

  const Store& store_;
  const uint64_t wait_ms_;
  UniqueFunction<void(Status)> done_;
  loop::Timer wait_;
};

}  // namespace tandem::front

#include "store.h"

#include <unistd.h>

#include <utility>

#include "base/host_name.h"
#include "base/log.h"
#include "daemon/daemon.h"

namespace tandem::front {
namespace {

std::string holder_text() {
  std::string host = host_name();
  if (!host.empty()) host += ':';
  return host + std::to_string(getpid());
}

}  // namespace

// --- what the handlers and the subscription ask ---

uint64_t LeaderLink::session() const {
  const group::Leadership& leadership = catalog_.leadership();
  const group::ReplicaLink* leader = catalog_.replicas().find(leadership.leader());
  const bool good = leader != nullptr && leader->connected() && leadership.leader_open();
  return good ? leader->member.session : 0;
}

void LeaderLink::call(std::string_view payload, uint64_t timeout_ms, Completion done) {
  group::ReplicaLink* leader = catalog_.replicas().find(catalog_.leadership().leader());
  if (leader != nullptr) leader->link->call(payload, timeout_ms, std::move(done));
}

std::vector<OrderReplicas::View> OrderLinks::views() const {
  std::set<repl::ReplicaId> ids = configured_;
  for (const auto& [id, replica] : orders_.replicas().all()) ids.insert(id);
  std::vector<View> views;
  for (const repl::ReplicaId id : ids) {
    const group::ReplicaLink* replica = orders_.replicas().find(id);
    View view;
    view.id = id;
    view.leads = id == orders_.leadership().leader();
    view.connected = replica != nullptr && replica->connected();
    view.in_sync = in_sync(id, replica);
    views.push_back(view);
  }
  return views;
}

// One that cannot be reached is a member of the set until it is taken out of it.
bool OrderLinks::in_sync(repl::ReplicaId id, const group::ReplicaLink* replica) const {
  const group::Leadership& leadership = orders_.leadership();
  if (replica != nullptr) return leadership.in_sync(*replica);
  return leadership.record() && leadership.record()->find(id) != nullptr;
}

void OrderLinks::call(uint32_t id, std::string_view payload, uint64_t timeout_ms, Completion done) {
  group::ReplicaLink* replica = orders_.replicas().find(id);
  if (replica != nullptr) replica->link->call(payload, timeout_ms, std::move(done));
}

// --- the store ---

Store::Store(loop::Loop& loop, coord::Coord& coord, const FrontConfig& config,
             events::Journal& events)
    : coord_(coord),
      events_(events),
      lock_group_(config.orders.group),
      orders_(loop, coord, orders_options(config)),
      catalog_(loop, coord, catalog_options(config)),
      to_orders_(orders_.gateway()),
      to_catalog_(catalog_.gateway()),
      catalog_leader_(catalog_),
      order_replicas_(orders_, orders_options(config).replicas),
      catalog_reach_(loop, orders_),
      orders_restored_(events, orders_.group()),
      catalog_restored_(events, catalog_.group()) {
  orders_.on_change([this] { changed(); });
  catalog_.on_change([this] { changed(); });
  tell_of(orders_);
  tell_of(catalog_);
}

void Store::tell_of(group::Group& group) {
  group.on_event([this, name = group.group()](std::string_view kind, const std::string& reason,
                                              const wire::Json& fields) {
    wire::Json all = fields;
    events_.tell(kind, reason, all.set("group", name));
  });
}

void Store::changed() {
  orders_restored_.look(orders_.leadership());
  catalog_restored_.look(catalog_.leadership());
  if (on_change_) on_change_();
}

Status Store::readiness() const {
  const Status orders = orders_.readiness();
  return orders ? catalog_.readiness() : orders;
}

void Store::drain(UniqueFunction<void()> done) {
  events_.close();
  set_active(false);  // the next controller, which the lock is free for, finds nobody at work
  if (lock_ == nullptr) return done();
  lock_->release(std::move(done));
}

void Store::start(UniqueFunction<void(Status)> done) {
  coord::LockCallbacks callbacks;
  callbacks.on_acquired = [this] { set_active(true); };
  callbacks.on_lost = [this](const Error& error) {
    // All that coordination was is gone: this system was removed.
    if (error.kind == ErrorKind::kNotFound) daemon::die(error);
    log::warning("the lock of the controller is lost", {{"error", error.message}});
    set_active(false);
  };
  lock_ = coord_.lock(lock_group_, "active", holder_text(), std::move(callbacks));
  for (group::Group* group : {&orders_, &catalog_}) {
    group->acts_while([this] { return lock_->held(); });
  }
  done({});
}

void Store::set_active(bool active) {
  if (std::exchange(active_, active) != active) {
    events_.tell(active ? "active" : "passive",
                 active ? "this front is the controller" : "this front is not the controller");
  }
  orders_.set_active(active);
  catalog_reach_.set_active(active);
  catalog_.set_active(active);
}

void Store::accept_loss(const Loss& loss, LosingGroups::Done done) {
  if (loss.group != orders_.group() && loss.group != catalog_.group()) {
    done(fail(ErrorKind::kBadInput,
              "'group' is to be " + orders_.group() + " or " + catalog_.group()));
    return;
  }
  if (!active()) return done(fail(ErrorKind::kUnavailable, "another front is the controller"));
  group::Group& group = loss.group == orders_.group() ? orders_ : catalog_;
  group.accept_loss(loss.ids, loss.force,
                    [&group, done = std::move(done)](const Status& moved) mutable {
                      if (moved) {
                        done(group.leadership().leader());
                      } else {
                        done(fail(moved.error()));
                      }
                    });
}

// --- readiness at the start ---

StoreReady::StoreReady(loop::Loop& loop, const Store& store, uint64_t wait_ms)
    : store_(store), wait_ms_(wait_ms), wait_(loop, [this] { end(); }) {}

void StoreReady::start(UniqueFunction<void(Status)> done) {
  done_ = std::move(done);
  wait_.start(wait_ms_);
  look();
}

void StoreReady::look() {
  if (done_ && store_.readiness()) end();
}

void StoreReady::end() {
  wait_.stop();
  if (!done_) return;
  const Status ready = store_.readiness();
  if (!ready)
    log::warning("serving before the store is there", {{"reason", ready.error().message}});
  std::exchange(done_, nullptr)({});
}

void StoreReady::drain(UniqueFunction<void()> done) {
  wait_.stop();
  done_ = nullptr;
  done();
}

}  // namespace tandem::front

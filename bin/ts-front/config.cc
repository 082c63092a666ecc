#include "config.h"

#include <set>

#include "coord/names.h"

namespace tandem::front {
namespace {

constexpr int64_t kMaxReplicaId = 1'000'000;

void declare_group(GroupConfig& c, const std::string& table, daemon::SettingTable& t) {
  t.text(table + ".group", c.group, "name of the group").checked_by(coord::check_group_name);
  t.integer_list(table + ".replicas", c.replicas, 1, kMaxReplicaId,
                 "ids of the replicas that a new group begins with");
  t.integer(table + ".min_in_sync", c.min_in_sync, 1, 7,
            "the in-sync set never gets smaller; fixed when the group is created");
}

Status check_group(const GroupConfig& c, const std::string& table) {
  const std::set<int64_t> ids(c.replicas.begin(), c.replicas.end());
  if (ids.empty()) return fail(ErrorKind::kConfig, table + ".replicas is empty");
  if (ids.size() != c.replicas.size()) {
    return fail(ErrorKind::kConfig, table + ".replicas names a replica twice");
  }
  if (c.min_in_sync > ids.size()) {
    return fail(ErrorKind::kConfig,
                table + ".min_in_sync is above the number of " + table + ".replicas");
  }
  return {};
}

group::GroupOptions options_of(const GroupConfig& c, const FrontConfig& config) {
  group::GroupOptions options;
  options.group = c.group;
  for (const int64_t id : c.replicas) options.replicas.insert(static_cast<repl::ReplicaId>(id));
  options.min_in_sync = c.min_in_sync;
  options.timeout_ms = config.timeout_ms;
  options.max_in_flight = config.max_in_flight;
  options.stand_in_after_ms = group::kStandInAfterMs;
  options.accept_loss = "rs-client toys accept-loss";
  options.tells_deaths = true;
  return options;
}

}  // namespace

void declare_front(FrontConfig& c, daemon::SettingTable& t) {
  daemon::declare_http(c.http, t);
  daemon::declare_coord(c.coord, t);
  t.text("events.directory", c.events_directory,
         "where events are kept over a restart; empty: nowhere");
  t.text("front.style", c.style, "the wire format: standard, or the older bare one")
      .one_of({"standard", "bare"});
  t.boolean("cache.enabled", c.cache_enabled, "whether products are cached");
  t.integer("cache.size", c.cache_size, 1, 1'000'000,
            "products in the cache at most; the one not asked for the longest makes room");
  declare_group(c.orders, "orders", t);
  declare_group(c.catalog, "catalog", t);
  t.duration_ms("store.timeout", c.timeout_ms, "longest time to an answer, failover included", 1,
                3'600'000);
  t.integer("store.max_in_flight", c.max_in_flight, 1, 1'000'000,
            "calls of each group without an answer; more are refused");
  t.duration_ms("store.start_wait", c.start_wait_ms,
                "how long the start waits for both groups before serving without them", 0,
                3'600'000);
}

Status check_front(const FrontConfig& c) {
  if (Status good = daemon::check_http(c.http); !good) return good;
  if (Status good = daemon::check_coord(c.coord); !good) return good;
  if (c.orders.group == c.catalog.group) {
    return fail(ErrorKind::kConfig, "orders.group and catalog.group are the same");
  }
  if (Status orders = check_group(c.orders, "orders"); !orders) return orders;
  return check_group(c.catalog, "catalog");
}

Style style_of(const FrontConfig& config) {
  return config.style == "bare" ? Style::kBare : Style::kStandard;
}

group::GroupOptions orders_options(const FrontConfig& config) {
  group::GroupOptions options = options_of(config.orders, config);
  options.prefer = group::prefer_highest_id;
  options.hand_over = true;
  options.program = "ts-order";
  return options;
}

group::GroupOptions catalog_options(const FrontConfig& config) {
  group::GroupOptions options = options_of(config.catalog, config);
  options.program = "ts-catalog";
  return options;
}

}  // namespace tandem::front

#include "config.h"

#include "coord/names.h"

namespace tandem::order {

void declare_order(OrderConfig& c, daemon::SettingTable& t) {
  c.replica.host.group = "orders";
  c.replica.host.directory = "run/state/order-{id}";
  c.replica.rpc_url = "ipc://run/sock/order-{id}.sock";
  replica::declare_replica(c.replica, t);
  t.text("catalog.group", c.catalog_group, "name of the catalog's group")
      .checked_by(coord::check_group_name);
  t.duration_ms("catalog.timeout", c.catalog_timeout_ms,
                "how long the catalog is asked for an outcome before it is asked anew", 1, 3600000);
  t.integer("orders.max_open", c.max_open, 1, 1000000,
            "purchases without an outcome; more are refused");
  replica::declare_tables(
      c.tables, t, "where else the orders are: file (nowhere) or postgres (a table as well)");
}

Status check_order(const OrderConfig& config) {
  if (Status good = daemon::check_coord(config.replica.coord); !good) return good;
  if (config.replica.host.group != config.catalog_group) return {};
  return fail(ErrorKind::kConfig, "replica.group and catalog.group are the same");
}

group::GroupOptions catalog_group(const OrderConfig& config) {
  group::GroupOptions options;
  options.group = config.catalog_group;
  options.timeout_ms = config.catalog_timeout_ms;
  options.max_in_flight = config.max_open;
  return options;
}

}  // namespace tandem::order

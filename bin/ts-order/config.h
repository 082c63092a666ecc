// The settings of ts-order; etc/order.toml shows them all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "daemon/config.h"
#include "group/group.h"
#include "replica/replica_config.h"

namespace tandem::order {

struct OrderConfig {
  replica::ReplicaConfig replica;
  replica::TablesConfig tables;
  std::string catalog_group = "catalog";
  uint32_t catalog_timeout_ms = 5000;
  size_t max_open = 10000;
};

void declare_order(OrderConfig& config, daemon::SettingTable& table);
// What one value cannot tell: that the orders and the catalog are two groups.
Status check_order(const OrderConfig& config);
// The catalog, as this process asks it.
group::GroupOptions catalog_group(const OrderConfig& config);

}  // namespace tandem::order

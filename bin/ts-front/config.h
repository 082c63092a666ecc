// The settings of ts-front; etc/front.toml shows them all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "daemon/config.h"
#include "daemon/coord_config.h"
#include "daemon/http_service.h"
#include "group/group.h"
#include "render.h"

namespace tandem::front {

// One of the two groups that the store consists of.
struct GroupConfig {
  std::string group;
  std::vector<int64_t> replicas;
  uint32_t min_in_sync = 1;
};

struct FrontConfig {
  FrontConfig() { http.port = 8001; }

  daemon::HttpConfig http;
  daemon::CoordConfig coord;
  std::string events_directory = "run/state/ts-front-events";  // empty: none
  std::string style = "standard";
  bool cache_enabled = true;
  size_t cache_size = 1000;  // products
  GroupConfig orders{"orders", {1, 2, 3}, 2};
  GroupConfig catalog{"catalog", {1}, 1};
  uint32_t timeout_ms = 5000;
  uint64_t max_in_flight = 10'000;
  uint32_t start_wait_ms = 10'000;
};

void declare_front(FrontConfig& config, daemon::SettingTable& table);

// What one value cannot tell: that the groups are two, and can have the in-sync sets asked for.
Status check_front(const FrontConfig& config);

Style style_of(const FrontConfig& config);
// The highest id leads the orders, and is given leadership when it comes back.
group::GroupOptions orders_options(const FrontConfig& config);
group::GroupOptions catalog_options(const FrontConfig& config);

}  // namespace tandem::front

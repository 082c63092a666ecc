// The settings of rs-rides.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "daemon/config.h"
#include "daemon/coord_config.h"
#include "daemon/http_service.h"
#include "rideshare/database_link.h"

namespace tandem::rs_rides {

struct RidesConfig {
  RidesConfig() { http.port = 8000; }

  daemon::HttpConfig http;
  rideshare::DatabaseConfig database;
  daemon::CoordConfig coord;
  std::string count_file = "run/state/rs-rides.count";
  std::string areas_file = "etc/areas.csv";
  std::string time_zone = "UTC";
  bool allow_past = false;
  int64_t max_found = 10'000;
};

void declare_rides(RidesConfig& config, daemon::SettingTable& table);

// What one value cannot tell: that the areas can be read and the time zone is there. Changes
// nothing.
Status check_rides(const RidesConfig& config);

}  // namespace tandem::rs_rides

// The settings of rs-users.
#pragma once

#include <cstddef>
#include <string>

#include "daemon/config.h"
#include "daemon/coord_config.h"
#include "daemon/http_service.h"
#include "rideshare/database_link.h"

namespace tandem::rs_users {

struct UsersConfig {
  daemon::HttpConfig http;  // port 8080
  rideshare::DatabaseConfig database;
  daemon::CoordConfig coord;
  std::string count_file = "run/state/rs-users.count";
  size_t max_username_bytes = 2000;
};

void declare_users(UsersConfig& config, daemon::SettingTable& table);
Status check_users(const UsersConfig& config);

}  // namespace tandem::rs_users

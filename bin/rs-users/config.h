// The settings of rs-users.
#pragma once

#include <cstddef>
#include <string>

#include "daemon/config.h"
#include "daemon/http_service.h"
#include "service/database.h"

struct UsersConfig {
  tandem::daemon::HttpConfig http;  // port 8080
  tandem::service::DatabaseConfig database;
  std::string count_file = "run/state/rs-users.count";
  size_t max_username_bytes = 2000;
};

void declare_users(UsersConfig& config, tandem::daemon::SettingTable& table);
tandem::Status check_users(const UsersConfig& config);

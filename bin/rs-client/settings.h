// The settings of rs-client: from options, environment (RS_CLIENT_USERS_URL), file and defaults,
// as in every tandem program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "daemon/config.h"

namespace tandem::client {

struct Settings {
  std::string users_url = "http://127.0.0.1:8080";
  std::string rides_url = "http://127.0.0.1:8000";
  std::string orch_url = "http://127.0.0.1:8090";
  std::string store_url = "http://127.0.0.1:8001";
  int64_t timeout_ms = 10'000;
  size_t concurrency = 64;
  std::string consistency = "default";
  std::string format = "auto";

  // These can be given on the command line alone.
  bool verbose = false;
  bool timeout_given = false;  // request.timeout has another origin than the default
  bool store_given = false;    // store.url has another origin than the default
  std::string key;             // of writes; empty: a new one each
  std::string db_index;        // reads must not be older; decimal digits, or empty

  // Each URL, and where it comes from: "run/client.toml:3:7", "command line", "default".
  std::vector<std::pair<std::string, std::string>> url_origins;
};

void declare_settings(Settings& settings, daemon::SettingTable& table);

// Makes whole URLs of HOST:PORT and drops the slashes at their ends. REQUIRES: the table was
// resolved without an error.
void complete_urls(Settings& settings);

}  // namespace tandem::client

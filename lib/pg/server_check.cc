#include "pg/server_check.h"

#include <algorithm>

#include "pg/connection.h"

namespace tandem::pg {
namespace {

constexpr int kOldestVersion = 130000;

std::string version_text(int version) {
  // Since 10 the second part is the patch; before there were three.
  if (version >= 100000) {
    return std::to_string(version / 10000) + "." + std::to_string(version % 10000);
  }
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

}  // namespace

Status check_version(int version) {
  if (version >= kOldestVersion) return {};
  if (version <= 0)
    return fail(ErrorKind::kConfig, "the server does not say which PostgreSQL it is");
  return fail(ErrorKind::kConfig, "PostgreSQL " + version_text(version) +
                                      " is too old, and 13 is the oldest that does");
}

Status check_server(const ServerFacts& facts) {
  const Status version = check_version(facts.version);
  if (!version) return version;
  if (facts.fsync != "on") {
    return fail(ErrorKind::kConfig, "the server runs with fsync=" + facts.fsync +
                                        ": after a crash of its host the database may be broken");
  }
  if (facts.encoding != "UTF8") {
    return fail(ErrorKind::kConfig,
                "the encoding of the database is " + facts.encoding + ", and it has to be UTF8");
  }
  if (facts.standard_conforming_strings != "on") {
    return fail(ErrorKind::kConfig, "standard_conforming_strings stays off");
  }
  if (facts.is_standby) {
    return fail(ErrorKind::kUnavailable, "the server is a standby, which takes no writes");
  }
  return {};
}

std::vector<std::pair<std::string, std::string>> session_settings(const ConnectOptions& options,
                                                                  int server_version) {
  std::vector<std::pair<std::string, std::string>> settings = {
      // Nothing but errors is sent: nobody reads notices.
      {"client_min_messages", "error"},
      {"client_encoding", "UTF8"},
      {"standard_conforming_strings", "on"},
      {"transform_null_equals", "off"},
      {"datestyle", "ISO, YMD"},
      {"intervalstyle", "iso_8601"},
      {"timezone", "UTC"},
      {"bytea_output", "hex"},
      {"extra_float_digits", "1"},
      {"xmloption", "content"},
      {"default_transaction_isolation", "read committed"},
      {"default_transaction_read_only", "off"},
      {"default_transaction_deferrable", "off"},
      {"synchronous_commit", options.synchronous_commit ? "on" : "off"},
      // Rows that a policy hides are an error, not missing.
      {"row_security", "off"},
      {"lock_timeout", std::to_string(options.lock_timeout_ms)},
      {"statement_timeout", std::to_string(options.statement_timeout_ms)},
      {"idle_in_transaction_session_timeout", "0"},
      // Compiling a plan takes longer than the short statements that come here.
      {"jit", "off"},
      {"plan_cache_mode", "auto"},
  };
  if (server_version >= 140000) settings.emplace_back("idle_session_timeout", "0");
  if (server_version >= 170000) settings.emplace_back("transaction_timeout", "0");
  for (const auto& setting : options.settings) {
    const auto ours = std::find_if(settings.begin(), settings.end(), [&setting](const auto& other) {
      return other.first == setting.first;
    });
    if (ours == settings.end()) {
      settings.push_back(setting);
    } else {
      ours->second = setting.second;
    }
  }
  return settings;
}

}  // namespace tandem::pg

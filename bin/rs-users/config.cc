#include "config.h"

#include <string>

#include "rides/user.h"
#include "rideshare/request_counter.h"

namespace tandem::rs_users {

void declare_users(UsersConfig& config, daemon::SettingTable& table) {
  daemon::declare_http(config.http, table);
  rideshare::declare_database(config.database, table);
  daemon::declare_registry(config.coord, table);
  table.text("count.file", config.count_file, "file of the request counter");
  table.size("users.max_name", config.max_username_bytes,
             "the longest username, in bytes of UTF-8, at most 2000; a longer one is answered 400",
             1, 1 << 20);
}

Status check_users(const UsersConfig& config) {
  if (Status good = daemon::check_http(config.http); !good) return good;
  if (Status good = rideshare::check_database(config.database); !good) return good;
  if (Status good = daemon::check_coord(config.coord); !good) return good;
  if (Status good = rideshare::RequestCounter::check(config.count_file); !good) return good;
  if (config.max_username_bytes <= rides::kMaxUsernameBytes) return {};
  return fail(
      ErrorKind::kConfig,
      "users.max_name is " + std::to_string(config.max_username_bytes) +
          ": 2000 bytes are the most, as the index of the users holds no longer name and no "
          "URL could delete its user (it was 256KiB once; users with longer names stay)");
}

}  // namespace tandem::rs_users

#include "config.h"

void declare_users(UsersConfig& config, tandem::daemon::SettingTable& table) {
  tandem::daemon::declare_http(config.http, table);
  tandem::service::declare_database(config.database, table);
  table.text("count.file", config.count_file, "file of the request counter");
  table.size("users.max_name", config.max_username_bytes,
             "the longest username, in bytes of UTF-8; a longer one is answered 400", 1, 1 << 20);
}

#include "config.h"

#include "areas_file.h"
#include "service/system_zone.h"

void declare_rides(RidesConfig& config, tandem::daemon::SettingTable& table) {
  tandem::daemon::declare_http(config.http, table);
  tandem::service::declare_database(config.database, table);
  table.text("count.file", config.count_file, "file of the request counter");
  table.text("areas.file", config.areas_file,
             "the areas as CSV: a header line, then a number and a name a line");
  table.text("time.zone", config.time_zone,
             "time zone of the timestamps: UTC, or a name such as Asia/Kolkata");
  table.boolean("time.allow_past", config.allow_past,
                "rides in the past are taken as any other: to replay old requests");
  table.integer("rides.max_found", config.max_found, 1, 50'000,
                "rides in the answer to a search, at most; the soonest are given");
}

tandem::Status check_rides(const RidesConfig& config) {
  if (auto areas = load_areas(config.areas_file); !areas) return tandem::fail(areas.error());
  return tandem::service::check_zone(config.time_zone);
}

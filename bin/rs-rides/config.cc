#include "config.h"

#include "areas_file.h"
#include "rideshare/request_counter.h"
#include "rideshare/system_zone.h"

namespace tandem::rs_rides {

void declare_rides(RidesConfig& config, daemon::SettingTable& table) {
  daemon::declare_http(config.http, table);
  rideshare::declare_database(config.database, table);
  daemon::declare_registry(config.coord, table);
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

Status check_rides(const RidesConfig& config) {
  if (Status good = daemon::check_http(config.http); !good) return good;
  if (Status good = rideshare::check_database(config.database); !good) return good;
  if (Status good = daemon::check_coord(config.coord); !good) return good;
  if (Status good = rideshare::RequestCounter::check(config.count_file); !good) return good;
  if (auto areas = load_areas(config.areas_file); !areas) return fail(areas.error());
  return rideshare::check_zone(config.time_zone);
}

}  // namespace tandem::rs_rides

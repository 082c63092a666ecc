// rs-rides: the rides of the ride-share application over HTTP. See rs-rides(8).
#include "areas_file.h"
#include "base/clock.h"
#include "config.h"
#include "daemon/coordination.h"
#include "daemon/daemon.h"
#include "daemon/http_service.h"
#include "daemon/metrics.h"
#include "daemon/registration.h"
#include "handlers.h"
#include "loop/loop.h"
#include "rideshare/database_link.h"
#include "rideshare/request_counter.h"
#include "rideshare/shared_routes.h"
#include "rideshare/system_zone.h"
#include "routes.h"
#include "rpc/threads.h"

using namespace tandem;

int main(int argc, char** argv) {
  daemon::Daemon daemon{{"rs-rides", "serve the rides of the ride-share application over HTTP",
                         daemon::http_options(), ""},
                        argc,
                        argv};
  const auto config = daemon.load<rs_rides::RidesConfig>(
      rs_rides::declare_rides, rs_rides::check_rides,
      [](const auto& c) { return daemon::check_coord_files(c.coord); });
  const auto areas = rs_rides::load_areas(config.areas_file);
  if (!areas) daemon::die(areas.error());
  const auto zone = rideshare::open_zone(config.time_zone);
  if (!zone) daemon::die(zone.error());
  const auto counter = rideshare::RequestCounter::open(config.count_file);
  if (!counter) daemon::die(counter.error());

  if (const Status room = rpc::start_threads(); !room) daemon::die(room.error());
  loop::Loop loop;
  daemon::Metrics metrics;
  daemon::Coordination coordination{config.coord, loop};
  rideshare::DatabaseLink database{config.database, loop};
  const rides::RideRules rules{*areas, **zone};
  rs_rides::RideHandlers handlers{
      database, rules, {system_clock(), config.allow_past}, config.max_found};
  rideshare::RequestCounting counting{**counter, "/api/v1/rides"};

  daemon::HttpService web{config.http, daemon, metrics, loop};
  rs_rides::add_ride_routes(web.router(), handlers);
  rideshare::add_shared_routes(web.router(), **counter, database);
  web.observe_with(counting);
  web.depends_on("database",
                 [&](http::ReadyAnswer answer) { database.check_ready(std::move(answer)); });
  daemon::Registration registration{daemon, coordination, {.web = &web}};

  return daemon.run(loop, {&database, &web, &registration});
}

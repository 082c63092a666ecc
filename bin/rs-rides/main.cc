// rs-rides: the rides of the ride-share application over HTTP. See rs-rides(8).
#include "areas_file.h"
#include "base/clock.h"
#include "config.h"
#include "daemon/daemon.h"
#include "daemon/http_service.h"
#include "daemon/metrics.h"
#include "handlers.h"
#include "loop/loop.h"
#include "routes.h"
#include "service/database.h"
#include "service/request_counter.h"
#include "service/shared_routes.h"
#include "service/system_zone.h"

using namespace tandem;

int main(int argc, char** argv) {
  daemon::Daemon daemon{{"rs-rides", "serve the rides of the ride-share application over HTTP",
                         daemon::http_options(), ""},
                        argc,
                        argv};
  const auto config = daemon.load<RidesConfig>(declare_rides, check_rides);
  const auto areas = load_areas(config.areas_file);
  if (!areas) daemon::die(areas.error());
  const auto zone = service::open_zone(config.time_zone);
  if (!zone) daemon::die(zone.error());
  const auto counter = service::RequestCounter::open(config.count_file);
  if (!counter) daemon::die(counter.error());

  loop::Loop loop;
  daemon::Metrics metrics;
  service::Database database{config.database, loop};
  const rides::RideRules rules{*areas, **zone};
  RideHandlers handlers{database, rules, {system_clock(), config.allow_past}, config.max_found};
  service::RequestCounting counting{**counter, "/api/v1/rides"};

  daemon::HttpService web{config.http, daemon, metrics, loop};
  add_ride_routes(web.router(), handlers);
  service::add_shared_routes(web.router(), **counter, database);
  web.observe_with(counting);
  web.depends_on("database",
                 [&](http::ReadyAnswer answer) { database.check_ready(std::move(answer)); });

  return daemon.run(loop, {&database, &web});
}

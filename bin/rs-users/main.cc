// rs-users: the users of the ride-share application over HTTP. See rs-users(8).
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
#include "routes.h"
#include "rpc/threads.h"

using namespace tandem;

int main(int argc, char** argv) {
  daemon::Daemon daemon{{"rs-users", "serve the users of the ride-share application over HTTP",
                         daemon::http_options(), ""},
                        argc,
                        argv};
  const auto config = daemon.load<rs_users::UsersConfig>(
      rs_users::declare_users, rs_users::check_users,
      [](const auto& c) { return daemon::check_coord_files(c.coord); });
  const auto counter = rideshare::RequestCounter::open(config.count_file);
  if (!counter) daemon::die(counter.error());

  if (const Status room = rpc::start_threads(); !room) daemon::die(room.error());
  loop::Loop loop;
  daemon::Metrics metrics;
  daemon::Coordination coordination{config.coord, loop};
  rideshare::DatabaseLink database{config.database, loop};
  rs_users::UserHandlers handlers{loop, database, config};
  rideshare::RequestCounting counting{**counter, "/api/v1/users"};

  daemon::HttpService web{config.http, daemon, metrics, loop};
  rs_users::add_user_routes(web.router(), handlers);
  rideshare::add_shared_routes(web.router(), **counter, database);
  web.observe_with(counting);
  web.depends_on("database",
                 [&](http::ReadyAnswer answer) { database.check_ready(std::move(answer)); });
  daemon::Registration registration{daemon, coordination, {.web = &web}};

  return daemon.run(loop, {&database, &web, &registration});
}

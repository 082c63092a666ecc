// rs-users: the users of the ride-share application over HTTP. See rs-users(8).
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

using namespace tandem;

int main(int argc, char** argv) {
  daemon::Daemon daemon{{"rs-users", "serve the users of the ride-share application over HTTP",
                         daemon::http_options(), ""},
                        argc,
                        argv};
  const auto config = daemon.load<UsersConfig>(declare_users, check_users);
  const auto counter = service::RequestCounter::open(config.count_file);
  if (!counter) daemon::die(counter.error());

  loop::Loop loop;
  daemon::Metrics metrics;
  service::Database database{config.database, loop};
  UserHandlers handlers{loop, database, config};
  service::RequestCounting counting{**counter, "/api/v1/users"};

  daemon::HttpService web{config.http, daemon, metrics, loop};
  add_user_routes(web.router(), handlers);
  service::add_shared_routes(web.router(), **counter, database);
  web.observe_with(counting);
  web.depends_on("database",
                 [&](http::ReadyAnswer answer) { database.check_ready(std::move(answer)); });

  return daemon.run(loop, {&database, &web});
}

// ts-front: the toy store over HTTP. See ts-front(8).
#include "accept_loss.h"
#include "backup.h"
#include "base/clock.h"
#include "base/ids.h"
#include "call_watch.h"
#include "config.h"
#include "coord_watch.h"
#include "daemon/coordination.h"
#include "daemon/daemon.h"
#include "daemon/http_service.h"
#include "daemon/metrics.h"
#include "daemon/registration.h"
#include "events/journal.h"
#include "handlers.h"
#include "loop/loop.h"
#include "loop/loop_timers.h"
#include "metrics.h"
#include "mirror_watch.h"
#include "product_page.h"
#include "render.h"
#include "routes.h"
#include "rpc/threads.h"
#include "status_report.h"
#include "status_routes.h"
#include "store.h"
#include "store/subscription.h"
#include "storehost/people.h"
#include "storehost/subscription_part.h"
#include "toys/product_cache.h"
#include "ui/ui.h"

using namespace tandem;

int main(int argc, char** argv) {
  daemon::Daemon daemon{
      {"ts-front", "serve the toy store over HTTP", daemon::http_options(), ""}, argc, argv};
  const auto config = daemon.load(front::declare_front, front::check_front,
                                  [](const auto& c) { return daemon::check_coord_files(c.coord); });
  const Clock& clock = system_clock();
  const front::Renderer renderer{front::style_of(config)};

  if (const Status room = rpc::start_threads(); !room) daemon::die(room.error());
  loop::Loop loop;
  daemon::Metrics metrics;
  daemon::Coordination coordination{config.coord, loop};

  events::Journal events{loop};
  if (!config.events_directory.empty()) events.keep_in(config.events_directory);
  front::Store store{loop, coordination.coord(), config, events};
  toys::ProductCache cache{{config.cache_enabled, config.cache_size}, random_id()};
  loop::LoopTimers timers{loop};
  storehost::People people;
  store::Subscription subscription{
      {.enabled = config.cache_enabled}, timers.time(), people, cache, store.catalog_leader()};
  storehost::SubscriptionPart subscription_part{subscription};
  front::StoreReady ready{loop, store, config.start_wait_ms};
  store.on_change([&] {
    subscription.leader_changed();
    ready.look();
  });

  front::ProductPage product_page{timers.time(), cache, store.to_catalog(), renderer,
                                  config.timeout_ms};
  front::Handlers handlers{loop,
                           clock,
                           product_page,
                           store.to_catalog(),
                           store.to_orders(),
                           store.order_replicas(),
                           renderer,
                           config.timeout_ms};
  front::FrontMetrics front_metrics{metrics, clock, cache, handlers, store};
  const front::MirrorWatch mirror_watch{loop, metrics, store.orders(), store.catalog()};
  const front::CoordWatch coord_watch{loop, coordination.coord()};
  daemon::HttpService web{config.http, daemon, metrics, loop};
  web.collect_metrics_with(
      [&](UniqueFunction<void()> done) { front_metrics.collect(std::move(done)); });
  front::CallWatch calls;
  web.observe_with(calls);
  const front::Reported reported{config,   clock, coordination.coord(), store, cache,
                                 handlers, calls};
  events.sample_with([&](auto done) { front::report_status(reported, std::move(done)); });
  front::StatusRoutes status{reported, events};
  status.add_routes(web.router());
  ui::add_routes(web.router());
  web.show(ui::find("store.html"));
  front::add_routes(web.router(), handlers);
  front::add_accept_loss(web.router(), store);
  front::Backup backup{front::asks(store.orders()), front::asks(store.catalog()), random_id};
  front::add_backup(web.router(), backup);
  backup.on_given([&](uint64_t orders, uint64_t catalog, uint64_t bytes, const std::string& id) {
    wire::Json fields;
    fields.set("orders_index", orders).set("catalog_index", catalog);
    fields.set("bytes", bytes).set("request_id", id);
    events.tell("backup", "a backup was given", fields);
  });
  web.depends_on("orders", [&](auto answer) { answer(store.orders().readiness()); });
  web.depends_on("catalog", [&](auto answer) { answer(store.catalog().readiness()); });

  web.warns_with([&] { return front::warning_of(reported); });

  daemon::Registration registration{daemon,
                                    coordination,
                                    {.group = config.orders.group,
                                     .role = [&] { return store.active() ? "active" : "standby"; },
                                     .web = &web}};

  // Before this one becomes the active one.
  if (const Status bound = web.bind(); !bound) daemon::die(bound.error());
  return daemon.run(loop, {&store.orders(), &store.catalog(), &store, &subscription_part, &web,
                           &registration, &ready});
}

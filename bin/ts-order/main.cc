// ts-order: a replica of the toy store's orders. See ts-order(8).
#include "config.h"
#include "daemon/coordination.h"
#include "daemon/daemon.h"
#include "daemon/registration.h"
#include "group/group.h"
#include "loop/loop.h"
#include "loop/loop_timers.h"
#include "mirror/mirrored_applier.h"
#include "mirror/open.h"
#include "mirror/orders.h"
#include "repl/memory_applier.h"
#include "replica/background_jobs.h"
#include "replica/endpoint.h"
#include "replica/host.h"
#include "replica/replica_config.h"
#include "replica/restore.h"
#include "rpc/threads.h"
#include "store/order_service.h"
#include "storehost/gateway.h"
#include "storehost/part.h"
#include "toys/orders.h"

using namespace tandem;

int main(int argc, char** argv) {
  daemon::Daemon daemon{
      {"ts-order", "keep a replica of the toy store's orders", replica::replica_options(), ""},
      argc,
      argv};
  auto config = daemon.load(order::declare_order, order::check_order, [](const auto& c) {
    return daemon::check_coord_files(c.replica.coord);
  });
  replica::put_id(config.replica);
  replica::restore_if_asked(daemon, config.replica, toys::Orders{});
  const Status made = replica::make_directories(config.replica);
  if (!made) daemon::die(made.error());

  if (const Status room = rpc::start_threads(); !room) daemon::die(room.error());
  loop::Loop loop;
  daemon::Coordination coordination{config.replica.coord, loop};

  toys::Orders orders;
  replica::BackgroundJobs jobs{loop};
  repl::MemoryApplier memory{orders, config.replica.keys, system_clock(), jobs};
  const mirror::OrdersSource rows{orders};
  const auto mirror = mirror::open(loop, config.tables, config.replica.host, rows);
  if (!mirror) daemon::die(mirror.error());
  mirror::MirroredApplier applier{memory, mirror->get()};
  replica::Host replica{loop, config.replica.host, applier, coordination.coord()};
  const Status opened = replica.open();
  if (!opened) daemon::die(opened.error());
  group::Group catalog{loop, coordination.coord(), order::catalog_group(config)};
  loop::LoopTimers timers{loop};
  storehost::Gateway to_catalog{catalog.gateway()};
  store::OrderService purchases{
      {.max_open = config.max_open}, timers.time(), orders, replica.driver(), to_catalog};
  mirror::MirrorPart mirror_part{mirror->get(), replica};
  storehost::Part part{"orders", purchases, [&](wire::Json& info) { mirror_part.add_info(info); }};
  replica::Endpoint service{loop, config.replica.rpc_url, replica, part};
  daemon::Registration registration{
      daemon, coordination, replica::registered(config.replica, replica, "leader", "follower")};

  // The service listens first: the replica announces where.
  return daemon.run(loop, {&catalog, &service, &replica, &registration, &part, &mirror_part});
}

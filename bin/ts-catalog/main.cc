// ts-catalog: a replica of the toy store's catalog. See ts-catalog(8).
#include "base/ids.h"
#include "config.h"
#include "daemon/coordination.h"
#include "daemon/daemon.h"
#include "daemon/registration.h"
#include "loop/loop.h"
#include "loop/loop_timers.h"
#include "mirror/catalog.h"
#include "mirror/mirrored_applier.h"
#include "mirror/open.h"
#include "repl/memory_applier.h"
#include "replica/background_jobs.h"
#include "replica/endpoint.h"
#include "replica/host.h"
#include "replica/replica_config.h"
#include "replica/restore.h"
#include "rpc/threads.h"
#include "store/catalog_service.h"
#include "storehost/part.h"
#include "storehost/people.h"
#include "toys/catalog.h"

using namespace tandem;

int main(int argc, char** argv) {
  daemon::Daemon daemon{
      {"ts-catalog", "keep a replica of the toy store's catalog", replica::replica_options(), ""},
      argc,
      argv};
  auto check = daemon.has_option("check") ? catalog::check_catalog : catalog::check_start;
  if (daemon.has_option("restore") || daemon.has_option("check-backup"))
    check = catalog::check_restore;
  auto config = daemon.load(catalog::declare_catalog, check, [](const auto& c) {
    return daemon::check_coord_files(c.replica.coord);
  });
  replica::put_id(config.replica);
  replica::restore_if_asked(daemon, config.replica, toys::Catalog{});
  const Status made = replica::make_directories(config.replica);
  if (!made) daemon::die(made.error());

  if (const Status room = rpc::start_threads(); !room) daemon::die(room.error());
  loop::Loop loop;
  daemon::Coordination coordination{config.replica.coord, loop};

  toys::Catalog toys;
  replica::BackgroundJobs jobs{loop};
  repl::MemoryApplier memory{toys, config.replica.keys, system_clock(), jobs};
  const mirror::CatalogSource rows{toys};
  const auto mirror = mirror::open(loop, config.tables, config.replica.host, rows);
  if (!mirror) daemon::die(mirror.error());
  mirror::MirroredApplier applier{memory, mirror->get()};
  replica::Host replica{loop, config.replica.host, applier, coordination.coord()};
  const Status opened = replica.open();
  if (!opened) daemon::die(opened.error());
  loop::LoopTimers timers{loop};
  storehost::People people;
  store::CatalogService products{{.first_toys = [&] { return catalog::read_first_toys(config); },
                                  .restock_every_ms = config.restock_every_ms,
                                  .restock_to = config.restock_to,
                                  .max_held = config.replica.host.limits.max_writers,
                                  .subscriptions = {.max_fronts = config.max_fronts},
                                  .first_subscription = random_id()},
                                 timers.time(),
                                 people,
                                 toys,
                                 replica.driver()};
  mirror::MirrorPart mirror_part{mirror->get(), replica};
  storehost::Part part{"catalog", products, [&](wire::Json& info) { mirror_part.add_info(info); }};
  replica::Endpoint service{loop, config.replica.rpc_url, replica, part};
  daemon::Registration registration{
      daemon, coordination, replica::registered(config.replica, replica, "leader", "follower")};

  // The service listens first: the replica announces where.
  return daemon.run(loop, {&service, &replica, &registration, &part, &mirror_part});
}

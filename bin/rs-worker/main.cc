// rs-worker: one replica of the database. See rs-worker(8).
#include "backend.h"
#include "config.h"
#include "daemon/coordination.h"
#include "daemon/daemon.h"
#include "daemon/registration.h"
#include "db/database.h"
#include "loop/loop.h"
#include "orphan_watch.h"
#include "replica/endpoint.h"
#include "replica/host.h"
#include "replica/restore.h"
#include "requests.h"
#include "rpc/threads.h"

using namespace tandem;

int main(int argc, char** argv) {
  daemon::Daemon daemon{
      {"rs-worker", "keep a replica of the database", replica::restore_options(), ""}, argc, argv};
  const auto config = daemon.load(worker::declare_worker, worker::check_worker, [](const auto& c) {
    return daemon::check_coord_files(c.replica.coord);
  });

  replica::restore_if_asked(daemon, config.replica, db::Database{config.limits});

  if (const Status room = rpc::start_threads(); !room) daemon::die(room.error());
  loop::Loop loop;
  daemon::Coordination coordination{config.replica.coord, loop};

  const auto backend = worker::make_backend(loop, config);
  if (!backend) daemon::die(backend.error());
  replica::Host replica{loop, host_options(config), (*backend)->applier(), coordination.coord()};
  const Status opened = replica.open();
  if (!opened) daemon::die(opened.error());
  worker::OrphanWatch orphan_watch{loop, config.orphan_timeout_ms, [&] { daemon.stop(); }};
  worker::Queries& queries = (*backend)->read_for(replica.driver());
  worker::Requests requests{**backend, queries, replica, orphan_watch};
  replica::Endpoint endpoint{loop, config.replica.rpc_url, replica, requests};
  queries.ask_for_queued_with([&](rpc::Peer peer) { return endpoint.queued_bytes(peer); });
  daemon::Registration registration{
      daemon, coordination, replica::registered(config.replica, replica, "master", "slave")};

  // The endpoint listens first: the replica announces where.
  return daemon.run(loop, {&endpoint, &replica, &registration, &orphan_watch});
}

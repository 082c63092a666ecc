// rs-orch: the orchestrator of the database service. See rs-orch(8).
#include <utility>

#include "config.h"
#include "daemon/coordination.h"
#include "daemon/daemon.h"
#include "daemon/http_service.h"
#include "daemon/metrics.h"
#include "daemon/registration.h"
#include "http_api.h"
#include "loop/loop.h"
#include "metrics.h"
#include "move_record.h"
#include "orchestrator.h"
#include "replica/restore.h"
#include "restore_database.h"
#include "rpc/threads.h"
#include "rpc_api.h"
#include "status_report.h"
#include "ui/ui.h"

using namespace tandem;

int main(int argc, char** argv) {
  auto options = daemon::http_options();
  options.push_back(orch::move_record_option());
  for (auto& option : replica::restore_options()) options.push_back(std::move(option));
  daemon::Daemon daemon{
      {"rs-orch", "start, watch and scale the replicas of the database", options, ""}, argc, argv};
  auto config = daemon.load(orch::declare_orch, orch::check_orch,
                            [](const auto& c) { return daemon::check_coord_files(c.coord); });
  if (const std::string* home = daemon.command_line().value("move-record")) {
    orch::move_record(config.coord, *home);
  }
  orch::restore_if_asked(daemon, config);
  orch::find_worker_program(config);
  const Status made = orch::make_directories(config);
  if (!made) daemon::die(made.error());

  if (const Status room = rpc::start_threads(); !room) daemon::die(room.error());
  loop::Loop loop;
  daemon::Metrics metrics;
  daemon::Coordination coordination{config.coord, loop};

  orch::Orchestrator orchestrator{loop, config, coordination.coord()};
  if (!config.events_directory.empty()) orchestrator.events().keep_in(config.events_directory);
  orchestrator.events().sample_with(
      [&](auto done) { orch::report_status(orchestrator, std::move(done)); });
  daemon.on_reload<orch::OrchConfig>(orch::declare_orch,
                                     [&](const orch::OrchConfig& c) { orchestrator.reload(c); });
  orch::HttpApi api{orchestrator};
  daemon::HttpService web{config.http, daemon, metrics, loop};
  api.add_routes(web.router());
  ui::add_routes(web.router());
  web.show(ui::find("index.html"));
  web.depends_on("workers", [&](auto answer) { answer(orchestrator.readiness()); });
  web.warns_with([&] { return orchestrator.warning(); });
  orch::OrchMetrics orch_metrics{metrics, orchestrator};
  web.collect_metrics_with(
      [&](UniqueFunction<void()> done) { orch_metrics.collect(std::move(done)); });
  orch::DatabaseReady ready{orchestrator};

  // Before this one becomes the active one and starts workers.
  if (const Status bound = web.bind(); !bound) daemon::die(bound.error());
  orch::RpcApi rpc{loop, config.rpc_url, orchestrator, web.buffers()};
  daemon::Registration registration{
      daemon,
      coordination,
      {.group = config.group,
       .role = [&] { return orchestrator.active() ? "active" : "standby"; },
       .rpc_url = [&] { return rpc.url(); },
       .web = &web}};
  return daemon.run(loop, {&orchestrator, &rpc, &web, &registration, &ready});
}

// The HTTP side of a daemon as one Part: server, router, health routes, metrics and the access log
// at debug level. The program adds its routes to router() before the start:
//
//   HttpService web{config.http, daemon, metrics, loop};
//   add_ride_routes(web.router(), …);
//   web.depends_on("backend", [&](http::ReadyAnswer answer) { backend.ping(std::move(answer)); });
//   return daemon.run(loop, {&backend, &web});
//
// It listens when it is started; an address in use ends the process with status 69.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/function.h"
#include "daemon/access_log.h"
#include "daemon/config.h"
#include "daemon/daemon.h"
#include "daemon/http_metrics.h"
#include "daemon/metrics.h"
#include "daemon/part.h"
#include "http/health.h"
#include "http/index_page.h"
#include "http/router.h"
#include "http/server.h"
#include "loop/loop.h"
#include "loop/turns.h"

namespace tandem::daemon {

struct HttpConfig {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;
  std::vector<std::string> hosts = {};    // see http/origin_policy.h
  std::vector<std::string> origins = {};  // likewise
  http::Limits limits;
};

// Declares http.host, http.port, http.max_body, …; the initial values of `config` are the defaults,
// so a program sets its port before.
void declare_http(HttpConfig& config, SettingTable& table);

// What the start would refuse; for a program's check, see Daemon::load().
Status check_http(const HttpConfig& config);

// --host and --port for a program's option table.
std::vector<Option> http_options();

class HttpService final : public Part {
 public:
  // `daemon`, `metrics` and `loop` outlive this.
  HttpService(HttpConfig config, const Daemon& daemon, Metrics& metrics, loop::Loop& loop);

  http::Router& router() { return router_; }
  // Told of each finished request too; outlives this.
  void observe_with(http::Observer& observer) { http_metrics_.pass_on_to(&observer); }
  // What GET / shows to who prefers HTML; it outlives this.
  void show(std::string_view page) { service_.page = page; }
  // What requests need: /readyz asks for it. The check has a deadline of its own.
  void depends_on(std::string name, UniqueFunction<void(http::ReadyAnswer)> check);
  // What /readyz says.
  void check_ready(http::ReadyAnswer answer) { http::check_ready(health_, std::move(answer)); }
  // What /readyz tells beside while it says ready; empty: nothing.
  void warns_with(UniqueFunction<std::string()> warn) { health_.warn = std::move(warn); }
  // What /metrics waits for: it calls back once its metrics are up to date.
  void collect_metrics_with(UniqueFunction<void(UniqueFunction<void()>)> collect);
  // Takes the address, for a program that does things before its start() which it must not where
  // another has the address already. Connections wait in the kernel until start(). REQUIRES: the
  // router is complete.
  Status bind();
  // For what else holds requests for clients. REQUIRES: bound.
  http::BufferBudget& buffers();
  // The port in use, also where the configuration said 0. REQUIRES: started.
  uint16_t port() const;
  const HttpConfig& config() const { return config_; }

  std::string_view name() const override { return "http"; }
  void start(UniqueFunction<void(Status)> done) override;
  void drain(UniqueFunction<void()> done) override;
  void hurry() override;

 private:
  void write_metrics(http::MetricsAnswer answer);
  void collect_metrics(http::MetricsAnswer answer);

  HttpConfig config_;
  const Daemon& daemon_;
  loop::Loop& loop_;
  Metrics& metrics_;
  HttpMetrics http_metrics_;
  AccessLog access_log_{http_metrics_};
  http::ServiceName service_;
  http::Router router_;
  http::HealthSource health_;
  UniqueFunction<void(UniqueFunction<void()>)> collect_metrics_;
  loop::Turns turns_;
  Gauge ready_;
  Gauge loop_stall_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace tandem::daemon

#include "daemon/http_service.h"

#include <utility>

#include "base/authority.h"
#include "base/check.h"
#include "base/log.h"
#include "daemon/build_info.h"
#include "http/index_page.h"
#include "loop/descriptor_limit.h"
#include "loop/tcp.h"

namespace tandem::daemon {
namespace {

// So much that every request that is possible by itself is possible.
constexpr int64_t kLeastBuffered = 1 << 20;

// Others of the process's descriptors are not to be taken by clients.
void fit_connections(http::Limits& limits) {
  const size_t descriptors = loop::descriptor_limit();
  const size_t fitting = loop::connections_that_fit(descriptors);
  if (fitting >= limits.connections) return;
  log::warning(
      "fewer connections than http.max_connections fit under the limit of descriptors",
      {{"max_connections", limits.connections}, {"fit", fitting}, {"descriptors", descriptors}});
  limits.connections = fitting;
}

}  // namespace

void declare_http(HttpConfig& config, SettingTable& table) {
  http::Limits& limits = config.limits;
  table.text("http.host", config.host, "address to listen on");
  table.integer("http.port", config.port, 0, 65535, "port to listen on; 0 takes a free one");
  table
      .text_list("http.hosts", config.hosts,
                 "names under which it is asked, others are 421; none: those of loopback where it "
                 "listens there, else any; \"*\" is any")
      .checked_by(http::check_host);
  table
      .text_list("http.origins", config.origins,
                 "other sites whose pages may use it, such as https://shop.example:8443")
      .checked_by(http::check_origin);
  table.size("http.max_body", limits.body_bytes, "longest body of a request; more is 413", 1);
  table.size("http.max_target", limits.target_bytes, "longest path with query; more is 414", 64);
  table.size("http.max_headers", limits.header_bytes, "longest headers of a request; more is 431",
             64);
  table.integer(
      "http.max_connections", limits.connections, 1, 1'000'000,
      "connections at a time, where so many descriptors are allowed; for a new one an idle "
      "one is closed, where none is it gets 503");
  table.size("http.max_buffered", limits.buffered_bytes,
             "what all connections together may hold of requests and answers; more get 503",
             kLeastBuffered);
  table.size("http.max_output", limits.output_bytes,
             "unsent answers of a connection before its next requests have to wait", 4096);
  table.size("http.max_stream_backlog", limits.stream_backlog_bytes,
             "unsent events of a connection before it is dropped", 4096);
  table.duration_ms("http.request_timeout", limits.request_timeout_ms,
                    "from the first byte of a request to its last; later is 408", 1);
  table.duration_ms("http.idle_timeout", limits.idle_timeout_ms,
                    "silence between requests before a connection is closed", 1);
  table.duration_ms("http.write_timeout", limits.write_timeout_ms,
                    "how long a client may take nothing of its answer", 1);
  table.duration_ms("http.slow_timeout", limits.slow_timeout_ms,
                    "how long a client may take for a long answer where others need the room", 1);
  table.duration_ms("http.linger_timeout", limits.linger_timeout_ms,
                    "how long a closing connection is still read from", 1);
}

Status check_http(const HttpConfig& config) {
  return loop::check_listen_address(config.host, config.port);
}

std::vector<Option> http_options() {
  return {{"host", 'H', "ADDRESS", "listen on ADDRESS", "http.host"},
          {"port", 'p', "PORT", "listen on PORT; 0 takes a free one", "http.port"}};
}

HttpService::HttpService(HttpConfig config, const Daemon& daemon, Metrics& metrics,
                         loop::Loop& loop)
    : config_(std::move(config)),
      daemon_(daemon),
      loop_(loop),
      metrics_(metrics),
      http_metrics_(metrics),
      turns_(loop),
      ready_(metrics.gauge("tandem_ready", "1 where this service is ready, as /readyz says")),
      loop_stall_(metrics.gauge("tandem_loop_stall_seconds",
                                "the longest turn of the event loop in the last minutes")) {
  health_.check_self = [this]() -> Status {
    if (daemon_.ready()) return {};
    return fail(ErrorKind::kUnavailable, "starting or stopping");
  };
  health_.write_metrics = [this](http::MetricsAnswer answer) { write_metrics(std::move(answer)); };
  metrics.before_text([this] { http_metrics_.update(server_.get()); });
  http::add_health_routes(router_, health_);
  service_.name = daemon.name();
  service_.version = build_info().version;
  http::add_index_route(router_, service_);
}

void HttpService::depends_on(std::string name, UniqueFunction<void(http::ReadyAnswer)> check) {
  health_.dependencies.push_back({std::move(name), std::move(check)});
}

void HttpService::collect_metrics_with(UniqueFunction<void(UniqueFunction<void()>)> collect) {
  collect_metrics_ = std::move(collect);
}

void HttpService::write_metrics(http::MetricsAnswer answer) {
  http::check_ready(health_, [this, answer = std::move(answer)](const Status& ready) mutable {
    ready_.set(ready ? 1 : 0);
    collect_metrics(std::move(answer));
  });
}

void HttpService::collect_metrics(http::MetricsAnswer answer) {
  auto write = [this, answer = std::move(answer)]() mutable {
    loop_stall_.set(static_cast<double>(turns_.longest_ns()) / 1e9);
    answer(metrics_.text());
  };
  if (collect_metrics_) return collect_metrics_(std::move(write));
  write();
}

uint16_t HttpService::port() const {
  CHECK(server_ != nullptr);
  return server_->port();
}

http::BufferBudget& HttpService::buffers() {
  CHECK(server_ != nullptr);
  return server_->buffers();
}

Status HttpService::bind() {
  http::ServerOptions options;
  options.limits = config_.limits;
  fit_connections(options.limits);
  options.policy = {config_.hosts, http::is_loopback(config_.host), config_.origins};
  options.observer = &access_log_;
  server_ = std::make_unique<http::Server>(loop_, options, router_);
  return server_->bind(config_.host, config_.port);
}

void HttpService::start(UniqueFunction<void(Status)> done) {
  Status bound = server_ == nullptr ? bind() : Status();
  if (bound) {
    server_->accept();
    log::info("listening", {{"address", join_authority(config_.host, server_->port())}});
  }
  done(std::move(bound));
}

void HttpService::drain(UniqueFunction<void()> done) {
  CHECK(server_ != nullptr);
  server_->drain(std::move(done));
}

void HttpService::hurry() { server_->close_now(); }

}  // namespace tandem::daemon

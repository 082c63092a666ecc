#include "daemon/registration.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/authority.h"
#include "base/number.h"
#include "daemon/build_info.h"

namespace tandem::daemon {
namespace {

constexpr std::string_view kTcp = "tcp://";

bool is_any_address(std::string_view host) {
  return host.empty() || host == "*" || host == "0.0.0.0" || host == "::" || host == "[::]";
}

struct Listening {
  std::string host;  // empty: every address
  uint16_t port = 0;
};

Listening listening_of(const std::string& rpc_url) {
  if (!rpc_url.starts_with(kTcp)) return {};
  const auto authority = split_authority(std::string_view(rpc_url).substr(kTcp.size()));
  if (!authority || !authority->port) return {};
  const std::string host(is_any_address(authority->host) ? "" : authority->host);
  return {host, parse_number<uint16_t>(*authority->port).value_or(0)};
}

Listening listening_of(const HttpService& web) {
  const std::string& host = web.config().host;
  return {is_any_address(host) ? "" : host, web.port()};
}

// The name under which a server that looks at Host is asked at `host`; empty: that one.
std::string host_header(const HttpConfig& http, const std::string& host) {
  const bool any = http.hosts.empty() || std::count(http.hosts.begin(), http.hosts.end(), "*") > 0;
  if (any || std::count(http.hosts.begin(), http.hosts.end(), host) > 0) return "";
  return http.hosts.front();
}

// The prefix as a part of a name in DNS.
std::string tag_of(std::string prefix) {
  std::replace_if(
      prefix.begin(), prefix.end(),
      [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '-');
  return prefix;
}

}  // namespace

Registration::Registration(const Daemon& daemon, Coordination& coordination, Registered about)
    : daemon_(daemon),
      coordination_(coordination),
      version_(build_info().version),
      about_(std::move(about)) {}

consulhost::Service Registration::describe() const {
  const CoordConfig& config = coordination_.config();
  const std::string rpc_url = about_.rpc_url ? about_.rpc_url() : "";
  const Listening at = about_.web != nullptr ? listening_of(*about_.web) : listening_of(rpc_url);

  consulhost::Service service;
  service.name = daemon_.name();
  service.id = config.prefix + ':' + service.name;
  if (!about_.group.empty()) service.id += ':' + about_.group;
  // Processes of several hosts, or at several addresses of one, may share an agent.
  service.id += ':' + coordination_.host_name() + ':';
  if (about_.replica) {
    service.id += std::to_string(*about_.replica);
  } else {
    service.id += at.host.empty() ? std::to_string(at.port) : join_authority(at.host, at.port);
  }
  service.address = config.host_address.empty() ? at.host : config.host_address;
  service.port = at.port;
  if (!about_.group.empty()) service.tags.push_back(about_.group);
  if (about_.role) service.tags.push_back(about_.role());
  // Others may share the agent, with services of the same names: who asks DNS asks by this.
  service.tags.push_back(tag_of(config.prefix));
  service.meta = {{"version", version_},
                  {"pid", std::to_string(getpid())},
                  {"host", coordination_.host_name()}};
  if (!rpc_url.empty()) service.meta.emplace_back("rpc", rpc_url);
  if (about_.replica) service.meta.emplace_back("id", std::to_string(*about_.replica));
  if (about_.web != nullptr) {
    std::string host = at.host.empty() ? config.host_address : at.host;
    if (host.empty()) host = "127.0.0.1";
    service.ready_url = "http://" + join_authority(host, at.port) + "/readyz";
    service.ready_host = host_header(about_.web->config(), host);
  }
  service.deregister_after_ms = config.deregister_after_ms;
  return service;
}

void Registration::ask_ready(UniqueFunction<void(Status)> answer) const {
  if (about_.web != nullptr) return about_.web->check_ready(std::move(answer));
  if (!daemon_.ready()) return answer(fail(ErrorKind::kUnavailable, "starting or stopping"));
  answer(about_.ready ? about_.ready() : Status());
}

void Registration::start(UniqueFunction<void(Status)> done) {
  if (coordination_.registers()) {
    services_.emplace(
        coordination_.transport(), coordination_.time(), [this] { return describe(); },
        [this](UniqueFunction<void(Status)> answer) { ask_ready(std::move(answer)); });
    services_->start();
  }
  done({});
}

void Registration::drain(UniqueFunction<void()> done) {
  if (!services_) return done();
  services_->stop(std::move(done));
}

}  // namespace tandem::daemon

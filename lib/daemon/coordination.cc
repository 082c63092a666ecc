#include "daemon/coordination.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "consul/consul_coord.h"
#include "coord/local.h"
#include "daemon/daemon.h"
#include "repl/types.h"

namespace tandem::daemon {
namespace {

consulhost::TransportOptions transport_options(const CoordConfig& config) {
  consulhost::TransportOptions options;
  for (const std::string& text : config.addresses) {
    auto address = consulhost::parse_address(text);
    if (!address) die(address.error());
    options.addresses.push_back(std::move(*address));
  }
  auto token = read_token(config);
  if (!token) die(token.error());
  options.token = std::move(*token);
  options.read_token = [config]() -> std::optional<std::string> {
    auto now = read_token(config);
    return now ? std::optional(std::move(*now)) : std::nullopt;
  };
  options.tls = {config.ca_file, config.cert_file, config.key_file};
  return options;
}

// One of a later format is not damaged: who reads it says what it is.
bool is_record(std::string_view text, uint64_t version) {
  const auto record = repl::parse_record(text);
  return record ? record->version == version : record.error().kind == ErrorKind::kConfig;
}

std::unique_ptr<coord::Coord> open_local(const CoordConfig& config, loop::Loop& loop) {
  auto local = coord::open_local({.root = config.root, .host = config.host_name}, loop);
  if (!local) die(local.error());
  return std::move(*local);
}

}  // namespace

Coordination::Coordination(CoordConfig config, loop::Loop& loop)
    : config_(std::move(config)), loop_(loop), timers_(loop) {
  if (config_.backend != "consul") return;
  if (const Status good = check_coord(config_); !good) die(good.error());
  if (const Status now = check_coord_files(config_); !now) log::warning(now.error().message);
  transport_ = std::make_unique<consulhost::HttpTransport>(loop, transport_options(config_));
  processes_ = std::make_unique<consulhost::HostProcesses>(loop, config_.host_name);
}

coord::Coord& Coordination::coord() {
  if (coord_ != nullptr) return *coord_;
  if (transport_ != nullptr) {
    coord_ = consul::make_coord(*transport_, *processes_, time(),
                                {.prefix = config_.prefix, .is_record = is_record});
  } else {
    coord_ = open_local(config_, loop_);
  }
  return *coord_;
}

}  // namespace tandem::daemon

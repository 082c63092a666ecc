#include "daemon/coord_config.h"

#include <algorithm>
#include <string_view>

#include "base/authority.h"
#include "consul/consul_coord.h"
#include "consulhost/address.h"
#include "fetch/pem.h"
#include "file/file.h"

namespace tandem::daemon {
namespace {

constexpr size_t kMaxTokenBytes = 4096;
constexpr size_t kMaxPemBytes = 1 << 20;
constexpr int64_t kLeastDeregisterMs = 60'000;  // Consul waits for so long at least
constexpr size_t kMaxHostBytes = 255;

Status check_agent(const std::string& text) {
  const auto address = consulhost::parse_address(text);
  return address ? Status() : fail(address.error());
}

Status check_host_address(const std::string& text) {
  if (text.empty()) return {};
  const bool is_v6 = text.find(':') != text.rfind(':');
  const auto authority = split_authority(text);
  const bool has_port = !is_v6 && authority && authority->port;
  if (!has_port && text.size() <= kMaxHostBytes &&
      text.find_first_not_of(
          "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.:-_%") ==
          std::string::npos) {
    return {};
  }
  return fail(ErrorKind::kConfig, "it is no address or name of a host, without a port");
}

// The content of a file that a setting names.
Result<std::string> read_named(const char* key, const std::string& path, size_t max_bytes) {
  auto text = file::read_input(path, max_bytes);
  if (text) return text;
  const ErrorKind kind = text.error().kind;
  return fail(kind == ErrorKind::kPermission ? kind : ErrorKind::kConfig,
              std::string(key) + ": " + text.error().message);
}

Status check_tls(const CoordConfig& c) {
  const auto told = [](const char* key, const std::string& path, const Status& good) {
    if (good) return good;
    return Status(fail(good.error().kind, std::string(key) + ": '" + path +
                                              "' is of no use: " + good.error().message));
  };
  if (!c.ca_file.empty()) {
    const auto pem = read_named("coord.ca_file", c.ca_file, kMaxPemBytes);
    if (!pem) return fail(pem.error());
    const Status good = told("coord.ca_file", c.ca_file, fetch::check_authorities(*pem));
    if (!good) return good;
  }
  if (c.cert_file.empty()) return {};
  const auto cert = read_named("coord.cert_file", c.cert_file, kMaxPemBytes);
  if (!cert) return fail(cert.error());
  const Status good = told("coord.cert_file", c.cert_file, fetch::check_certificate(*cert));
  if (!good) return good;
  if (c.key_file.empty()) {
    return told("coord.key_file is empty, and coord.cert_file", c.cert_file,
                fetch::check_key(*cert, *cert));
  }
  const auto key = read_named("coord.key_file", c.key_file, kMaxPemBytes);
  if (!key) return fail(key.error());
  return told("coord.key_file", c.key_file, fetch::check_key(*key, *cert));
}

void declare_consul(CoordConfig& c, SettingTable& t) {
  t.text_list("coord.addresses", c.addresses,
              "agents of Consul, tried in turn: HOST:PORT, https://HOST:PORT or unix:///PATH")
      .checked_by(check_agent);
  t.text("coord.prefix", c.prefix, "what keys in Consul and the ids of services begin with")
      .checked_by(consul::check_prefix);
  t.text("coord.token_file", c.token_file, "file with the token of Consul's ACL; empty: none");
  t.text("coord.ca_file", c.ca_file,
         "authorities that sign for the agents, as PEM; empty: those of the system");
  t.text("coord.cert_file", c.cert_file, "certificate to show to agents, as PEM; empty: none");
  t.text("coord.key_file", c.key_file, "its key; empty: in the file of the certificate");
  t.boolean("coord.register", c.registers,
            "whether this process is registered as a service, for people, DNS and balancers");
  t.duration_ms("coord.deregister_after", c.deregister_after_ms,
                "how long the service of a dead process is still shown", kLeastDeregisterMs);
  t.text(
       "host.address", c.host_address,
       "address under which this process is registered; empty: where HTTP listens, or the agent's")
      .checked_by(check_host_address);
}

}  // namespace

void declare_registry(CoordConfig& c, SettingTable& t) {
  t.text("coord.backend", c.backend,
         "where processes coordinate: local (files of this host) or consul")
      .one_of({"local", "consul"});
  declare_consul(c, t);
  t.text("host.name", c.host_name,
         "name of this host, by which others know where a process runs; empty: as the system says");
}

void declare_coord(CoordConfig& c, SettingTable& t) {
  declare_registry(c, t);
  t.text("coord.root", c.root, "directory of the local coordination files")
      .checked_by(check_not_empty);
}

Status check_coord(const CoordConfig& c) {
  if (c.backend != "consul") return {};
  if (c.addresses.empty()) {
    return fail(ErrorKind::kConfig, "coord.addresses is empty: coord.backend is consul");
  }
  if (c.cert_file.empty() && !c.key_file.empty()) {
    return fail(ErrorKind::kConfig, "coord.key_file is of no use without coord.cert_file");
  }
  if (const auto token = read_token(c); !token) return fail(token.error());
  return {};
}

Status check_coord_files(const CoordConfig& c) {
  return c.backend == "consul" ? check_tls(c) : Status();
}

Result<std::string> read_token(const CoordConfig& c) {
  if (c.token_file.empty()) return std::string();
  const auto text = read_named("coord.token_file", c.token_file, kMaxTokenBytes);
  if (!text) return fail(text.error());
  const size_t end = text->find_last_not_of(" \t\r\n");
  std::string token = end == std::string::npos ? "" : text->substr(0, end + 1);
  // It becomes a line of a request.
  const bool one_word = std::none_of(token.begin(), token.end(),
                                     [](char byte) { return byte <= ' ' || byte == 0x7f; });
  if (!token.empty() && one_word) return token;
  return fail(ErrorKind::kConfig, "coord.token_file: '" + c.token_file + "' holds no token");
}

std::vector<std::pair<std::string, std::string>> coord_settings(const CoordConfig& c) {
  std::vector<std::pair<std::string, std::string>> settings{{"coord.backend", c.backend},
                                                            {"coord.root", c.root}};
  if (!c.host_name.empty()) settings.emplace_back("host.name", c.host_name);
  if (!c.host_address.empty()) settings.emplace_back("host.address", c.host_address);
  if (c.backend == "local") return settings;
  std::string addresses;
  for (const std::string& address : c.addresses) {
    addresses += (addresses.empty() ? "" : ",") + address;
  }
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{
           {"coord.addresses", addresses},
           {"coord.prefix", c.prefix},
           {"coord.token_file", c.token_file},
           {"coord.ca_file", c.ca_file},
           {"coord.cert_file", c.cert_file},
           {"coord.key_file", c.key_file},
           {"coord.register", c.registers ? "true" : "false"},
           {"coord.deregister_after", std::to_string(c.deregister_after_ms) + "ms"}}) {
    if (!value.empty()) settings.emplace_back(key, value);
  }
  return settings;
}

}  // namespace tandem::daemon

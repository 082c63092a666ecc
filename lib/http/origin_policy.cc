#include "http/origin_policy.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/authority.h"
#include "base/number.h"
#include "http/host.h"

namespace tandem::http {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return out;
}

// Without the port.
std::string name_of(std::string_view host) {
  const auto authority = split_authority(host);
  return authority ? normal_host(authority->host) : std::string();
}

bool is_ipv4_loopback(std::string_view text) {
  if (!text.starts_with("127.")) return false;
  int dots = 0;
  for (const char c : text) {
    if (c == '.') {
      ++dots;
    } else if (c < '0' || c > '9') {
      return false;
    }
  }
  return dots == 3;
}

// Of "scheme://authority"; "" where it is none, such as "null".
std::string_view authority_of(std::string_view origin, std::string_view& default_port) {
  const size_t end = origin.find("://");
  if (end == std::string_view::npos) return {};
  default_port = origin.starts_with("https:") ? "443" : "80";
  return origin.substr(end + 3);
}

// The same host and port. The scheme is not compared: a proxy before the service may speak TLS.
bool is_same_origin(std::string_view origin, std::string_view host) {
  std::string_view port;
  const std::string their_text = lower(origin);
  const std::string our_text = lower(host);
  const auto theirs = split_authority(authority_of(their_text, port));
  const auto ours = split_authority(our_text);
  if (!theirs || !ours || theirs->host.empty()) return false;
  if (normal_host(theirs->host) != normal_host(ours->host)) return false;
  return theirs->port.value_or(port) == ours->port.value_or(port);
}

bool has(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

}  // namespace

bool is_loopback(std::string_view host) {
  const std::string name = normal_host(host);
  return name == "localhost" || name == "[::1]" || is_ipv4_loopback(name);
}

Status check_host(const std::string& text) {
  const std::string host = normal_host(text);
  const auto authority = split_authority(host);
  const bool is_name = authority && !authority->host.empty() && !authority->port;
  if (text == "*" || (is_name && is_host(host) && host.find('*') == std::string::npos)) return {};
  return fail(ErrorKind::kConfig, "'" + text + "' is no name or address without a port");
}

Status check_origin(const std::string& text) {
  std::string_view port;
  std::string_view authority = authority_of(text, port);
  if (authority.ends_with('/')) authority.remove_suffix(1);
  const bool web = text.starts_with("http://") || text.starts_with("https://");
  const auto parts = split_authority(authority);
  const bool whole =
      parts && !parts->host.empty() && (!parts->port || parse_number<uint16_t>(*parts->port, 1));
  if (web && whole && authority.find_first_of("/ @?#*") == authority.npos) return {};
  return fail(ErrorKind::kConfig, "'" + text + "' is no origin such as https://shop.example:8443");
}

OriginPolicy normal(OriginPolicy policy) {
  for (std::string& host : policy.hosts) host = normal_host(host);
  for (std::string& origin : policy.origins) {
    origin = lower(origin);
    if (origin.ends_with('/')) origin.pop_back();
    // As browsers send it: without the port that the scheme means.
    std::string_view port;
    const auto parts = split_authority(authority_of(origin, port));
    if (parts && parts->port == port) origin.resize(origin.size() - port.size() - 1);
  }
  return policy;
}

bool knows_host(const OriginPolicy& policy, const Request& request) {
  if (policy.hosts.empty() && !policy.loopback) return true;
  if (!request.host) return true;
  const std::string name = name_of(*request.host);
  if (policy.hosts.empty()) return is_loopback(name);
  return has(policy.hosts, name) || has(policy.hosts, "*");
}

std::string_view allowed_origin(const OriginPolicy& policy, const Request& request) {
  if (policy.origins.empty()) return {};
  const std::string_view origin = request.header("Origin").value_or("");
  return has(policy.origins, lower(origin)) ? origin : std::string_view();
}

bool may_change(const OriginPolicy& policy, const Request& request) {
  if (!allowed_origin(policy, request).empty()) return true;
  for (const NameValue& header : request.headers) {
    if (equals_ignoring_case(header.name, "origin") &&
        !is_same_origin(header.value, request.host.value_or(""))) {
      return false;
    }
    if (equals_ignoring_case(header.name, "sec-fetch-site") &&
        equals_ignoring_case(header.value, "cross-site")) {
      return false;
    }
  }
  return true;
}

}  // namespace tandem::http

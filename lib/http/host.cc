#include "http/host.h"

#include <arpa/inet.h>

#include <cstdint>

#include "base/authority.h"
#include "base/number.h"

namespace tandem::http {
namespace {

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_reg_name(std::string_view text) {
  constexpr std::string_view kOthers = "-._~!$&'()*+,;=";
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter || kOthers.find(c) != std::string_view::npos) continue;
    if (c != '%' || i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) {
      return false;
    }
    i += 2;
  }
  return true;
}

// Of "[address]".
std::string_view without_brackets(std::string_view text) { return text.substr(1, text.size() - 2); }

// What may stand between brackets (RFC 3986, 3.2.2). An IPvFuture is none: there are no such hosts.
bool parse_ipv6(std::string_view text, in6_addr& address) {
  return inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

// Any number of digits, also none; a number that can be a port.
bool is_port(std::string_view text) { return text.empty() || parse_number<uint16_t>(text); }

}  // namespace

bool is_host(std::string_view text) {
  const auto authority = split_authority(text);
  if (!authority || (authority->port && !is_port(*authority->port))) return false;
  const std::string_view host = authority->host;
  in6_addr address;
  return host.starts_with('[') ? parse_ipv6(without_brackets(host), address) : is_reg_name(host);
}

std::string normal_host(std::string_view host) {
  in6_addr address;
  char text[INET6_ADDRSTRLEN];
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (parse_ipv6(bracketed ? without_brackets(host) : host, address) &&
      inet_ntop(AF_INET6, &address, text, sizeof text) != nullptr) {
    return "[" + std::string(text) + "]";
  }
  std::string name(host);
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  if (name.ends_with('.')) name.pop_back();
  return name;
}

}  // namespace tandem::http

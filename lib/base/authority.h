// HOST[:PORT] as URLs and Host headers have it (RFC 3986, 3.2), taken apart and put together. What
// a host or a port may be the caller decides. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tandem {

struct Authority {
  std::string_view host;                 // an IPv6 address has its brackets; may be empty
  std::optional<std::string_view> port;  // all behind the colon; nullopt: there is no colon
};

// nullopt: brackets are not closed, or something else than a port follows them.
std::optional<Authority> split_authority(std::string_view text);

// "127.0.0.1:80"; an IPv6 address gets its brackets: "[::1]:80".
std::string join_authority(std::string_view host, uint16_t port);

}  // namespace tandem

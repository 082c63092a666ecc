// Names and addresses as URLs and Host headers have them: what can be one, and which are the same.
// Pure.
#pragma once

#include <string>
#include <string_view>

namespace tandem::http {

// uri-host [ ":" port ] (RFC 9110, 7.2; RFC 3986, 3.2.2). May be empty.
bool is_host(std::string_view text);

// The same text for the same host: lower case, without a dot at the end, an IPv6 address in its
// shortest form (RFC 5952) and in brackets. REQUIRES: no port.
std::string normal_host(std::string_view host);

}  // namespace tandem::http

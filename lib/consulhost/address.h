// Where an agent of Consul is asked, as coord.addresses has it: http://HOST:PORT, https://HOST:PORT,
// unix:///PATH; HOST:PORT is taken for http.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tandem::consulhost {

struct Address {
  std::string url;          // what paths are appended to
  std::string unix_socket;  // its path; empty: TCP
  std::string name;         // for people: "127.0.0.1:8500", "unix:///run/consul.sock"
};

// kConfig, with what is wrong.
Result<Address> parse_address(std::string_view text);

}  // namespace tandem::consulhost

#include "consulhost/address.h"

#include <sys/un.h>

#include <utility>

#include "fetch/url.h"

namespace tandem::consulhost {
namespace {

constexpr std::string_view kUnix = "unix://";
constexpr size_t kMaxSocketPath = sizeof(sockaddr_un{}.sun_path) - 1;

}  // namespace

Result<Address> parse_address(std::string_view text) {
  if (text.starts_with(kUnix)) {
    Address address{"http://localhost", std::string(text.substr(kUnix.size())), std::string(text)};
    const std::string bad = "'" + address.name + "' is no address like unix:///PATH: ";
    if (!address.unix_socket.starts_with('/') || address.unix_socket.size() < 2) {
      return fail(ErrorKind::kConfig, bad + "the path is not absolute");
    }
    if (address.unix_socket.size() > kMaxSocketPath) {
      return fail(ErrorKind::kConfig, bad + "a socket's path has no more than " +
                                          std::to_string(kMaxSocketPath) + " bytes");
    }
    return address;
  }
  Result<std::string> url = fetch::base_url(text);
  if (!url) return fail(url.error());
  std::string name = url->starts_with("http://") ? url->substr(7) : *url;
  return Address{std::move(*url), {}, std::move(name)};
}

}  // namespace tandem::consulhost

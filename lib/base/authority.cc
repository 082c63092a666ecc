#include "base/authority.h"

namespace tandem {

std::optional<Authority> split_authority(std::string_view text) {
  size_t end = text.find(':');
  if (text.starts_with('[')) {
    const size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return std::nullopt;
    end = bracket + 1;
    if (end < text.size() && text[end] != ':') return std::nullopt;
  }
  if (end >= text.size()) return Authority{text, std::nullopt};
  return Authority{text.substr(0, end), text.substr(end + 1)};
}

std::string join_authority(std::string_view host, uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string_view::npos;
  const std::string name(host);
  return (is_ipv6 ? "[" + name + "]" : name) + ":" + std::to_string(port);
}

}  // namespace tandem

#include "fetch/url.h"

namespace tandem::fetch {

std::string percent_encode(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

Result<std::string> base_url(std::string_view url) {
  const auto bad = [url] {
    return fail(ErrorKind::kConfig, "'" + std::string(url) + "' is no URL like http://HOST:PORT");
  };
  size_t host = 0;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (url.starts_with(scheme)) host = scheme.size();
  }
  if (host == 0 || host == url.size() || url[host] == '/' || url[host] == ':') return bad();
  for (const char c : url) {
    if (c <= ' ' || c == 0x7f || c == '?' || c == '#' || c == '"') return bad();
  }
  while (url.ends_with('/')) url.remove_suffix(1);
  return std::string(url);
}

}  // namespace tandem::fetch

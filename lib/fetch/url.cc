#include "fetch/url.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

#include "base/check.h"

namespace tandem::fetch {
namespace {

struct UrlCloser {
  void operator()(CURLU* handle) const { curl_url_cleanup(handle); }
};
using Handle = std::unique_ptr<CURLU, UrlCloser>;

// "" where the URL has none.
std::string part(const Handle& handle, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(handle.get(), which, &text, 0) != CURLUE_OK) return "";
  std::string copy(text);
  curl_free(text);
  return copy;
}

// As the messages of tandem begin.
std::string lower_first(std::string text) {
  if (text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a') text[0] |= 0x20;
  return text;
}

}  // namespace

std::string percent_encode(std::string_view text) {
  if (text.empty()) return "";  // libcurl would take 0 for "up to the end"
  char* escaped = curl_easy_escape(nullptr, text.data(), static_cast<int>(text.size()));
  CHECK(escaped != nullptr);
  std::string out;
  for (const char* c = escaped; *c != '\0'; ++c) {
    if (*c == '.') {
      out += "%2E";
    } else {
      out += *c;
    }
  }
  curl_free(escaped);
  return out;
}

Result<std::string> base_url(std::string_view url) {
  const auto bad = [url](const std::string& why) {
    return fail(ErrorKind::kConfig,
                "'" + std::string(url) + "' is no URL like http://HOST:PORT or HOST:PORT: " + why);
  };
  if (url.find_first_of("?#") != std::string_view::npos) return bad("a '?' or '#' has no place");
  // Taken by libcurl in a fragment or path, which the rest of tandem would not know.
  const bool strange =
      std::any_of(url.begin(), url.end(), [](char c) { return c <= ' ' || c == 0x7f || c == '"'; });
  if (strange) return bad("a blank, quote or control character has no place there");
  if (url.find(":///") != std::string_view::npos) return bad("there is no host");
  const bool has_scheme = url.find("://") != std::string_view::npos;
  const std::string whole = (has_scheme ? "" : "http://") + std::string(url);
  const Handle handle(curl_url());
  CHECK(handle != nullptr);
  const CURLUcode code = curl_url_set(handle.get(), CURLUPART_URL, whole.c_str(),
                                      CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME);
  if (code != CURLUE_OK) return bad(lower_first(curl_url_strerror(code)));
  const std::string scheme = part(handle, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return bad("neither http nor https");
  const std::string port = part(handle, CURLUPART_PORT);
  if (port == "0") return bad("nobody listens on port 0");
  // A word alone is more likely a slip than a host.
  if (!has_scheme && port.empty()) return bad("there is no port");
  std::string normal = part(handle, CURLUPART_URL);
  while (normal.ends_with('/')) normal.pop_back();
  return normal;
}

}  // namespace tandem::fetch

#include "http/request.h"

#include <algorithm>

#include "base/check.h"

namespace tandem::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

}  // namespace

std::string_view method_name(Method method) {
  static constexpr std::string_view kNames[kMethodCount] = {"GET",    "HEAD",  "POST",    "PUT",
                                                            "DELETE", "PATCH", "OPTIONS", "OTHER"};
  return kNames[static_cast<size_t>(method)];
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view Request::param(std::string_view name) const {
  for (const NameValue& each : params) {
    if (each.name == name) return each.value;
  }
  check_failed(__FILE__, __LINE__, "the pattern has this parameter", name);
}

std::optional<std::string_view> Request::query_value(std::string_view name) const {
  for (const NameValue& each : query) {
    if (each.name == name) return each.value;
  }
  return std::nullopt;
}

std::optional<std::string_view> Request::header(std::string_view name) const {
  for (const NameValue& each : headers) {
    if (equals_ignoring_case(each.name, name)) return each.value;
  }
  return std::nullopt;
}

std::string asker_of(const Request& request) {
  constexpr size_t kMostBytes = 200;
  constexpr std::string_view kOfAddresses = "0123456789abcdefABCDEF.:[], ";
  std::string text(request.peer);
  const auto forwarded = request.header("X-Forwarded-For");
  if (!forwarded || forwarded->empty() || forwarded->size() > kMostBytes) return text;
  if (forwarded->find_first_not_of(kOfAddresses) != std::string_view::npos) return text;
  return text + " for " + std::string(*forwarded);
}

}  // namespace tandem::http

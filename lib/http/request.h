// One HTTP request as a handler sees it: views into memory of its connection.
//
// A request and everything in it is valid until the handler returns, not longer, whether or not it
// has been answered by then: a handler that answers later copies what it needs. A test fills the
// fields by hand.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::http {

enum class Method : uint8_t { kGet, kHead, kPost, kPut, kDelete, kPatch, kOptions, kOther };
inline constexpr size_t kMethodCount = 8;

// "GET", …; kOther is "OTHER".
std::string_view method_name(Method method);

struct NameValue {
  std::string_view name;
  std::string_view value;
};

struct Request {
  Method method = Method::kGet;  // kHead reaches the handler of kGet
  std::string_view target{};     // as sent, in origin form: "/api/v1/users/a%20b?x=1"
  // Whom the client asked: the authority of an absolute target, else the Host header, else nothing.
  std::optional<std::string_view> host{};
  std::string_view path{};           // the target without its query, not decoded
  std::vector<NameValue> params{};   // of the pattern: percent-decoded, valid UTF-8, not empty
  std::vector<NameValue> query{};    // decoded as application/x-www-form-urlencoded, in order
  std::vector<NameValue> headers{};  // as sent, in order
  std::string_view body{};
  // The client's X-Request-Id where it is sane, else the id of the trace, else a new one.
  std::string_view request_id{};
  std::string_view trace_id{};  // base/trace_parent.h; "" where none is told
  std::string_view peer{};      // address and port that it came from, a proxy's perhaps
  int64_t received_ns = 0;      // boot time (base/clock.h) when its last byte was here

  // The value of {name} in the route's pattern. REQUIRES: the pattern has it.
  std::string_view param(std::string_view name) const;
  // The first value of that name; query names are case-sensitive, header names are not.
  std::optional<std::string_view> query_value(std::string_view name) const;
  std::optional<std::string_view> header(std::string_view name) const;
};

// Who sent a request, for logs: the peer, and where a proxy says for whom it asks, "PEER for WHOM".
// Whom it names may be made up by the client.
std::string asker_of(const Request& request);

// ASCII case-insensitive equality, as header names and tokens compare.
bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace tandem::http

// HTTP requests from their bytes to route, parameters and query: the outcome must not depend on the
// pieces in which the bytes arrive.
#include "fuzz/fuzz.h"
#include "http/form.h"
#include "http/parser.h"
#include "http/router.h"
#include "wire/crc32c.h"

namespace {

using namespace tandem;  // NOLINT: a program of one file

// Small enough for short inputs to reach them.
const http::Limits kLimits{.body_bytes = 1024, .target_bytes = 128, .header_bytes = 512};

const http::Router& router() {
  static const http::Router& made = [] {
    static http::Router routes;
    const auto nothing = [](const http::Request&, http::Responder) {};
    routes.add(http::Method::kGet, "/users", nothing);
    routes.add(http::Method::kPut, "/users/{name}", nothing);
    routes.add(http::Method::kGet, "/rides/count", nothing);
    routes.add(http::Method::kPost, "/rides/{id}/riders/{name}", nothing);
    return std::ref(routes);
  }();
  return made;
}

std::string shown(const std::vector<http::NameValue>& pairs) {
  std::string text;
  for (const auto& [name, value] : pairs) {
    text += "[" + std::string(name) + "=" + std::string(value) + "]";
  }
  return text;
}

std::string shown(http::RequestParser& parser) {
  http::Request& request = parser.request();
  std::string decoded;
  std::string storage;
  const auto match = router().match(request.method, request.path, request.params, decoded);
  const Status form = http::parse_form(
      request.target.substr(std::min(request.target.size(), request.path.size() + 1)), storage,
      request.query);
  std::string text(http::method_name(request.method));
  for (const std::string_view part : {request.target, request.path, request.request_id,
                                      request.body, match.pattern, match.allow, match.reason}) {
    text += "|" + std::string(part);
  }
  text += shown(request.headers) + shown(request.params) + shown(request.query);
  text += parser.keep_alive() ? "keep " : "close ";
  return text + std::to_string(static_cast<int>(match.kind)) + (form ? "\n" : "!\n");
}

// Of two faults in one request, one of them a limit, the pieces decide which comes first.
std::string failure_text(int status) {
  const bool either = status == 400 || status == 413 || status == 414 || status == 431;
  return either ? "malformed or too long" : std::to_string(status);
}

// Everything that a connection learns from these bytes in pieces of a size of size_of().
template <typename SizeOf>
std::string outcome(std::string_view bytes, SizeOf&& size_of) {
  http::RequestParser parser(kLimits);
  std::string text;
  while (!bytes.empty()) {
    // A copy of its own, so that a view that outlives its piece is found.
    const std::string piece(bytes.substr(0, size_of()));
    bytes.remove_prefix(piece.size());
    for (std::string_view left = piece; !left.empty();) {
      size_t used = 0;
      const auto result = parser.feed(left, used);
      if (result == http::RequestParser::Outcome::kFailed) {
        const auto& failure = parser.failure();
        text += failure_text(failure.status);
        // Connection routes these, to tell 404 from 405.
        if (failure.status == 501 && parser.request().method == http::Method::kOther) {
          text += shown(parser);
        }
        return text;
      }
      CHECK(used > 0 && used <= left.size());
      left.remove_prefix(used);
      static_cast<void>(parser.take_wants_continue());
      if (result != http::RequestParser::Outcome::kComplete) continue;
      text += shown(parser);
      parser.next();
    }
  }
  return text + (parser.started() ? "more" : "end");
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes = fuzz::text_of(data, size);
  const std::string whole = outcome(bytes, [] { return SIZE_MAX; });
  CHECK(outcome(bytes, [] { return size_t{1}; }) == whole);
  uint32_t random = wire::crc32c(bytes);
  CHECK(outcome(bytes, [&random] {
          random = random * 1664525 + 1013904223;
          return size_t{1} + (random >> 16) % 24;
        }) == whole);
  return 0;
}

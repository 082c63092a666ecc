// Which handler answers which method and path.
//
// A pattern is a path of literal segments and `{name}` parameters: "/api/v1/rides/{rideId}". The
// path of a request is split at '/' before each segment is percent-decoded, so "%2F" can be part of
// a parameter; '+' stands for itself. A parameter takes one segment that is not empty. A literal
// wins over a parameter ("/rides/count" over "/rides/{rideId}"), and one slash behind a path is the
// same path. The path decides first and the method second: a known path without the method is 405.
//
// Filled before the server starts; after that it is only read.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/function.h"
#include "http/request.h"
#include "http/responder.h"

namespace tandem::http {

using Handler = UniqueFunction<void(const Request&, Responder)>;

// What a request may have done where its answer is lost.
enum class Effect : uint8_t { kReads, kChanges };

struct Route {
  Method method = Method::kGet;
  std::string pattern{};
  uint32_t index = 0;  // 0, 1, 2, … in the order of add(): for tables indexed by route
  Effect effect = Effect::kReads;
  Handler handler{};
};

class Router {
 public:
  Router();
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // kGet answers HEAD too; OPTIONS is answered without a handler. A malformed pattern, one method
  // twice for a pattern, and kHead, kOptions, kOther are bugs (CHECK). GET changes nothing.
  void add(Method method, std::string pattern, Handler handler, Effect effect = Effect::kChanges);

  // Every route, by index; the address of a Route stays the same.
  const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }

  struct Match {
    enum class Kind : uint8_t { kRoute, kNoPath, kNoMethod, kOptions, kMalformed };
    Kind kind = Kind::kNoPath;
    Route* route = nullptr;      // where kRoute
    std::string_view pattern{};  // where the path is known: kRoute, kNoMethod, kOptions
    std::string_view allow{};    // the Allow header's value, where the path is known
    std::string_view reason{};   // where kMalformed: what is wrong with the path
  };
  // Looks `method` and `path` (not decoded, no query) up; fills `params` with views into `path`, or
  // into `decoded` where a segment had escapes. `path` "*" is known to OPTIONS alone.
  Match match(Method method, std::string_view path, std::vector<NameValue>& params,
              std::string& decoded) const;

 private:
  struct Node;

  std::unique_ptr<Node> root_;
  std::vector<std::unique_ptr<Route>> routes_;
  std::string allow_anywhere_;  // of `OPTIONS *`
};

}  // namespace tandem::http

// What a server tells about each request that it is done with: for metrics, the access log at debug
// level and the request counter.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/request.h"
#include "http/router.h"

namespace tandem::http {

// The client went before its answer: never sent, only told to observers.
inline constexpr int kStatusClientGone = 499;

struct Finished {
  const Route* route = nullptr;  // nullptr: no handler was asked (400, 404, 405, OPTIONS, …)
  std::string_view pattern{};    // the path's pattern, "" where the path is unknown
  Method method = Method::kOther;
  std::string_view target{};  // "" where the request could not be read
  std::string_view request_id{};
  std::string_view trace_id{};  // "" where none was told
  int status = 0;
  int64_t duration_ns = 0;  // from the last byte received to the answer (or its first part)
  uint64_t bytes = 0;       // of the answer, head and body, as far as it is known by then
};

class Observer {
 public:
  virtual ~Observer() = default;
  // Called once for each request, on the loop, when its answer is made: it must be cheap. The views
  // end with the call.
  virtual void on_finished(const Finished& finished) = 0;
};

}  // namespace tandem::http

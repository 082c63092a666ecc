// Stand-ins for what is behind ts-front: a clock that is moved by hand, and a group that keeps what
// it is asked until the test answers.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "http/request.h"
#include "store/surroundings.h"

namespace tandem::front {

class FakeClock final : public Clock {
 public:
  int64_t boot_ns() const override { return ns; }
  int64_t wall_ms() const override { return 1'700'000'000'000; }

  int64_t ns = 1'000'000'000;
};

class FakeCalls final : public store::Gateway {
 public:
  struct Call {
    wire::Method method;
    wire::Consistency consistency;
    uint32_t budget_ms;
    std::string request_id;
    std::string key;
    std::string body;
    Done done;
  };

  void submit(const wire::Request& request, Done done) override {
    if (refuses) return done(wire::Response{503, 0, R"({"error":{"code":503,"message":"full"}})"});
    calls.push_back({request.method, request.consistency, request.budget_ms,
                     std::string(request.request_id), std::string(request.key),
                     std::string(request.body), std::move(done)});
  }
  bool reaches_leader() const override { return !refuses; }
  // The oldest that has no answer yet.
  void answer(uint16_t status, std::string_view body, uint64_t index = 7) {
    Call call = std::move(calls.front());
    calls.pop_front();
    call.done(wire::Response{status, index, body});
  }

  bool refuses = false;  // everything, at once
  std::deque<Call> calls;
};

inline http::Request post(std::string_view body, std::string_view type = "application/json") {
  http::Request request;
  request.method = http::Method::kPost;
  request.body = body;
  request.headers = {{"content-type", type}};
  request.request_id = "req-1";
  return request;
}

}  // namespace tandem::front

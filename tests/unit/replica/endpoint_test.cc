// Requests that take time, on the loop of a real replica.
#include "replica/endpoint.h"

#include "driver_fixture.h"
#include "rpc/client.h"

namespace tandem::replica {
namespace {

// Each request takes a whole turn's time.
class Slow final : public Methods {
 public:
  explicit Slow(const uint64_t& turns) : turns_(turns) {}
  void on_request(rpc::Reply reply, const wire::Request& request) override {
    const int64_t began = system_clock().boot_ns();
    while (system_clock().boot_ns() - began < 5'000'000) {
    }
    in_turn.push_back(turns_);
    budgets.push_back(request.budget_ms);
    answer(reply, 200, 0, request.body);
  }

  std::vector<uint64_t> in_turn;  // of the loop each was carried out
  std::vector<uint32_t> budgets;

 private:
  const uint64_t& turns_;
};

class EndpointTest : public DriverTest {
 protected:
  EndpointTest()
      : count_turns_(loop_, [this] { ++turns_; }),
        methods_(turns_),
        endpoint_(loop_, "ipc://" + (root_ / "service.sock").string(), start(1).host(), methods_),
        client_(loop_, {.url = "ipc://" + (root_ / "service.sock").string()}) {
    endpoint_.start([](const Status& status) { EXPECT_TRUE(status); });
    EXPECT_TRUE(client_.start());
    until([&] { return client_.connected(); });
  }

  void ask(wire::Method method, uint32_t budget_ms, std::string_view body) {
    wire::Request request;
    request.method = method;
    request.budget_ms = budget_ms;
    request.body = body;
    std::string bytes;
    wire::encode(request, bytes);
    client_.call(bytes, 60'000, [this](Result<std::string_view> outcome) {
      wire::Response response;
      ASSERT_TRUE(outcome && wire::decode(*outcome, response));
      statuses_.push_back(response.status);
      bodies_.emplace_back(response.body);
    });
  }

  uint64_t turns_ = 0;
  loop::Prepare count_turns_;
  Slow methods_;
  Endpoint endpoint_;
  rpc::Client client_;
  std::vector<int> statuses_;
  std::vector<std::string> bodies_;
};

TEST_F(EndpointTest, MuchWorkIsDoneInTurnsAndInItsOrder) {
  for (int i = 0; i < 10; ++i) ask(wire::Method::kDbWrite, 60'000, std::to_string(i));
  until([&] { return bodies_.size() == 10; });
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(bodies_[i], std::to_string(i));
    if (i > 0) {
      EXPECT_GT(methods_.in_turn[i], methods_.in_turn[i - 1]);
    }
  }
  EXPECT_LT(methods_.budgets.back(), 60'000u);
}

// Whoever watches must not take a busy replica for a silent one.
TEST_F(EndpointTest, WhetherItIsThereIsAnsweredBeforeTheWorkIsDone) {
  for (int i = 0; i < 10; ++i) ask(wire::Method::kDbWrite, 60'000, "write");
  ask(wire::Method::kPing, 60'000, "");
  until([&] { return bodies_.size() == 11; });
  EXPECT_LT(std::find(bodies_.begin(), bodies_.end(), "") - bodies_.begin(), 9);
}

TEST_F(EndpointTest, WhatHasWaitedUntilItsEndIsNotBegun) {
  for (int i = 0; i < 10; ++i) ask(wire::Method::kDbWrite, i < 5 ? 60'000 : 1, std::to_string(i));
  until([&] { return bodies_.size() == 10; });
  EXPECT_EQ(methods_.in_turn.size(), 5u);
  EXPECT_EQ(statuses_, (std::vector<int>{200, 200, 200, 200, 200, 503, 503, 503, 503, 503}));
}

}  // namespace
}  // namespace tandem::replica

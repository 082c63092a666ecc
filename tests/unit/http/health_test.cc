#include "http/health.h"

#include <gtest/gtest.h>

#include "support/recorded_exchange.h"

namespace tandem::http {
namespace {

class HealthTest : public testing::Test {
 protected:
  HealthTest() { add_health_routes(router_, source_); }

  void get(const char* path, bool verbose = false) {
    Request request;
    if (verbose) request.query = {{"verbose", ""}};
    std::string decoded;
    const Router::Match match = router_.match(Method::kGet, path, request.params, decoded);
    ASSERT_NE(match.route, nullptr);
    EXPECT_TRUE(is_health_pattern(match.pattern));
    match.route->handler(request, Responder(exchange_));
  }

  HealthSource source_;
  Router router_;
  support::RecordedExchange exchange_;
};

TEST_F(HealthTest, LivezAndHealthzAreTheSame) {
  for (const char* path : {"/livez", "/healthz"}) {
    get(path);
    EXPECT_EQ(exchange_.status, 200);
    EXPECT_EQ(exchange_.body, R"({"status":"ok"})");
  }
}

TEST_F(HealthTest, ReadyWithoutACheck) {
  get("/readyz");
  EXPECT_EQ(exchange_.status, 200);
}

TEST_F(HealthTest, ReadinessIsToldLater) {
  ReadyAnswer answer;
  source_.dependencies.push_back(
      {"database", [&](ReadyAnswer later) { answer = std::move(later); }});
  get("/readyz");
  EXPECT_EQ(exchange_.status, 0);
  std::exchange(answer, nullptr)({});
  EXPECT_EQ(exchange_.status, 200);
  get("/readyz");
  std::exchange(answer, nullptr)(fail(ErrorKind::kUnavailable, "rs-orch is not reachable"));
  EXPECT_EQ(exchange_.status, 503);
  EXPECT_EQ(exchange_.body, R"({"error":{"code":503,"message":"rs-orch is not reachable"}})");
  EXPECT_EQ(exchange_.header("Retry-After"), "1");
}

TEST_F(HealthTest, VerboseListsEachDependency) {
  std::vector<ReadyAnswer> answers(2);
  for (size_t i = 0; i < 2; ++i) {
    source_.dependencies.push_back({i == 0 ? "orders" : "catalog",
                                    [&answers, i](ReadyAnswer a) { answers[i] = std::move(a); }});
  }
  get("/readyz", true);
  std::exchange(answers[1], nullptr)({});
  EXPECT_EQ(exchange_.status, 0);
  std::exchange(answers[0], nullptr)({});
  EXPECT_EQ(exchange_.body, R"({"status":"ok","dependencies":{"orders":"ok","catalog":"ok"}})");
  get("/readyz", true);
  std::exchange(answers[1], nullptr)(fail(ErrorKind::kUnavailable, "\"no\" leader"));
  std::exchange(answers[0], nullptr)({});
  EXPECT_EQ(exchange_.status, 503);
  EXPECT_EQ(exchange_.body, R"({"error":{"code":503,"message":"\"no\" leader"},)"
                            R"("dependencies":{"orders":"ok","catalog":"\"no\" leader"}})");
}

TEST_F(HealthTest, AStartThatDoesNotEndHasAReason) {
  source_.check_self = [] { return fail(ErrorKind::kUnavailable, "starting or stopping"); };
  get("/readyz");
  EXPECT_EQ(exchange_.body, R"({"error":{"code":503,"message":"starting or stopping"}})");
  source_.dependencies.push_back(
      {"database", [](ReadyAnswer answer) { answer(fail(ErrorKind::kUnavailable, "no leader")); }});
  get("/readyz");
  EXPECT_EQ(exchange_.body,
            R"({"error":{"code":503,"message":"starting or stopping: no leader"}})");
}

TEST_F(HealthTest, Metrics) {
  source_.write_metrics = [](MetricsAnswer answer) { answer("up 1\n"); };
  get("/metrics");
  EXPECT_EQ(exchange_.body, "up 1\n");
  EXPECT_EQ(exchange_.content_type, "text/plain; version=0.0.4");
  EXPECT_FALSE(is_health_pattern("/api/v1/users"));
}

}  // namespace
}  // namespace tandem::http

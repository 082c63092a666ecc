#include "http/health.h"

#include <gtest/gtest.h>

#include "http/recorded_exchange.h"

namespace tandem::http {
namespace {

class HealthTest : public testing::Test {
 protected:
  HealthTest() { add_health_routes(router_, source_); }

  void get(const char* path) {
    Request request;
    std::string decoded;
    const Router::Match match = router_.match(Method::kGet, path, request.params, decoded);
    ASSERT_NE(match.route, nullptr);
    EXPECT_TRUE(is_health_pattern(match.pattern));
    match.route->handler(request, Responder(exchange_));
  }

  HealthSource source_;
  Router router_;
  RecordedExchange exchange_;
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
  source_.check_ready = [&](ReadyAnswer later) { answer = std::move(later); };
  get("/readyz");
  EXPECT_EQ(exchange_.status, 0);
  answer({});
  EXPECT_EQ(exchange_.status, 200);
  get("/readyz");
  answer(fail(ErrorKind::kUnavailable, "rs-orch is not reachable"));
  EXPECT_EQ(exchange_.status, 503);
  EXPECT_EQ(exchange_.body, R"({"error":{"code":503,"message":"rs-orch is not reachable"}})");
  EXPECT_EQ(exchange_.header("Retry-After"), "1");
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

#include "rideshare/shared_routes.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "support/recorded_exchange.h"
#include "support/temporary_directory.h"

namespace tandem::rideshare {
namespace {

class SharedRoutesTest : public testing::Test {
 protected:
  uint64_t counted(std::string_view target, int status = 200) {
    counter_->reset();
    RequestCounting counting(*counter_, "/api/v1/rides");
    http::Finished finished;
    finished.target = target;
    finished.status = status;
    counting.on_finished(finished);
    return counter_->value();
  }
  // The body of the answer to a request.
  std::string ask(http::Router& router, http::Method method, std::string_view path) {
    std::vector<http::NameValue> params;
    std::string decoded;
    const auto match = router.match(method, path, params, decoded);
    EXPECT_EQ(match.kind, http::Router::Match::Kind::kRoute);
    support::RecordedExchange exchange;
    match.route->handler({}, http::Responder(exchange));
    EXPECT_EQ(exchange.status, 200);
    return exchange.body;
  }

  const support::TemporaryDirectory directory_;
  std::unique_ptr<RequestCounter> counter_ =
      std::move(RequestCounter::open(directory_.file("count")).value());
};

TEST_F(SharedRoutesTest, CountsTheServicesCallsWhateverTheAnswer) {
  EXPECT_EQ(counted("/api/v1/rides"), 1u);
  EXPECT_EQ(counted("/api/v1/rides?source=1"), 1u);
  EXPECT_EQ(counted("/api/v1/rides/7"), 1u);
  EXPECT_EQ(counted("/api/v1/rides/7/x", 404), 1u);
  EXPECT_EQ(counted("/api/v1/rides", 405), 1u);
}

TEST_F(SharedRoutesTest, CountsNothingElse) {
  for (const char* target : {"", "/", "/api/v1/_count", "/api/v1/db/clear", "/livez", "/metrics",
                             "/api/v1/ridesharing", "/api/v1/users", "/API/v1/rides"}) {
    EXPECT_EQ(counted(target), 0u) << target;
  }
}

TEST_F(SharedRoutesTest, TheCountIsShownAndReset) {
  loop::Loop loop;
  DatabaseLink database({}, loop);
  http::Router router;
  add_shared_routes(router, *counter_, database);
  for (int i = 0; i < 603; ++i) counter_->add();
  EXPECT_EQ(ask(router, http::Method::kGet, "/api/v1/_count"), "[603]");
  EXPECT_EQ(ask(router, http::Method::kDelete, "/api/v1/_count"), "{}");
  EXPECT_EQ(ask(router, http::Method::kGet, "/api/v1/_count"), "[0]");
}

}  // namespace
}  // namespace tandem::rideshare

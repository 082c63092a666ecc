#include "http/responder.h"

#include <gtest/gtest.h>

#include <optional>

#include "support/recorded_exchange.h"

namespace tandem::http {
namespace {

TEST(ResponderTest, AnswersOnce) {
  support::RecordedExchange exchange;
  Responder responder(exchange);
  EXPECT_TRUE(responder.waiting());
  responder.json(201, R"({"rideId":1})", {{"X-Db-Index", "7"}});
  EXPECT_FALSE(responder.waiting());
  responder.json(200, "{}");
  EXPECT_EQ(exchange.status, 201);
  EXPECT_EQ(exchange.body, R"({"rideId":1})");
  EXPECT_EQ(exchange.header("x-db-index"), "7");
  EXPECT_FALSE(exchange.abandoned);
}

TEST(ResponderTest, AJsonValueIsWritten) {
  support::RecordedExchange exchange;
  wire::Json value;
  value.set("a", 1);
  Responder(exchange).json(200, value);
  EXPECT_EQ(exchange.body, R"({"a":1})");
}

TEST(ResponderTest, ADroppedOneIsAbandoned) {
  support::RecordedExchange exchange;
  { Responder responder(exchange); }
  EXPECT_TRUE(exchange.abandoned);
}

TEST(ResponderTest, MovingMovesTheLink) {
  support::RecordedExchange exchange;
  Responder first(exchange);
  Responder second(std::move(first));
  Responder third;
  third = std::move(second);
  EXPECT_TRUE(third.waiting());
  EXPECT_FALSE(exchange.abandoned);
  third.empty(204);
  EXPECT_EQ(exchange.status, 204);
}

TEST(ResponderTest, AssigningOverAWaitingOneAbandonsIt) {
  support::RecordedExchange first_exchange;
  support::RecordedExchange second_exchange;
  Responder responder(first_exchange);
  responder = Responder(second_exchange);
  EXPECT_TRUE(first_exchange.abandoned);
  responder.empty(200);
  EXPECT_EQ(second_exchange.status, 200);
}

TEST(ResponderTest, TheExchangeMayGoFirst) {
  std::optional<support::RecordedExchange> exchange(std::in_place);
  Responder responder(*exchange);
  exchange.reset();
  EXPECT_FALSE(responder.waiting());
  responder.json(200, "{}");
}

TEST(ResponderTest, Errors) {
  support::RecordedExchange exchange;
  Responder(exchange).error(400, "field 'x' is \"bad\"");
  EXPECT_EQ(exchange.body, R"({"error":{"code":400,"message":"field 'x' is \"bad\""}})");
  EXPECT_EQ(exchange.content_type, "application/json");
  EXPECT_EQ(exchange.header("Retry-After"), "");
  Responder(exchange).error({ErrorKind::kUnavailable, "no leader"});
  EXPECT_EQ(exchange.status, 503);
  EXPECT_EQ(exchange.header("Retry-After"), "1");
}

TEST(ResponderTest, StatusOfErrors) {
  EXPECT_EQ(status_of(ErrorKind::kBadInput), 400);
  EXPECT_EQ(status_of(ErrorKind::kNotFound), 404);
  EXPECT_EQ(status_of(ErrorKind::kConflict), 409);
  EXPECT_EQ(status_of(ErrorKind::kTooLarge), 413);
  EXPECT_EQ(status_of(ErrorKind::kBusy), 503);
  EXPECT_EQ(status_of(ErrorKind::kTimeout), 504);
  EXPECT_EQ(status_of(ErrorKind::kUnknown), 504);
  EXPECT_EQ(status_of(ErrorKind::kIo), 500);
}

TEST(EventStreamTest, WritesEndsAndHearsOfTheEnd) {
  support::RecordedExchange exchange;
  int closed = 0;
  EventStream stream = Responder(exchange).stream();
  stream.on_closed([&] { ++closed; });
  EXPECT_TRUE(exchange.streaming);
  EXPECT_FALSE(exchange.abandoned);
  EXPECT_TRUE(stream.write("data: 1\n\n"));
  EventStream moved = std::move(stream);
  EXPECT_TRUE(moved.write("data: 2\n\n"));
  EXPECT_EQ(exchange.body, "data: 1\n\ndata: 2\n\n");
  exchange.hang_up();
  EXPECT_EQ(closed, 1);
  EXPECT_FALSE(moved.write("data: 3\n\n"));
}

TEST(EventStreamTest, EndingItIsNotTold) {
  support::RecordedExchange exchange;
  int closed = 0;
  {
    EventStream stream = Responder(exchange).stream();
    stream.on_closed([&] { ++closed; });
  }
  EXPECT_TRUE(exchange.stream_ended);
  exchange.hang_up();
  EXPECT_EQ(closed, 0);
}

}  // namespace
}  // namespace tandem::http

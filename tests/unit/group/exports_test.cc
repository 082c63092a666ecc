#include "group/exports.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "support/recorded_exchange.h"
#include "wire/error_body.h"

namespace tandem::group {
namespace {

class ExportsTest : public testing::Test {
 protected:
  struct Asked {
    wire::Method method;
    std::string body;
    repl::ReplicaId replica;
    Gateway::Done done;
  };

  ExportsTest()
      : ask_([this](const wire::Request& request, Gateway::Done done, repl::ReplicaId replica) {
          asked_.push_back({request.method, std::string(request.body), replica, std::move(done)});
        }) {}

  void begin(support::RecordedExchange& exchange) {
    wire::Request wanted;
    wanted.method = wire::Method::kBackup;
    exports_.begin(ask_, wanted, http::Responder(exchange), 0);
  }
  // Of the oldest question.
  void answer(uint16_t status, const std::string& body) {
    ASSERT_FALSE(asked_.empty());
    Asked asked = std::move(asked_.front());
    asked_.pop_front();
    asked.done(wire::Response{status, 12, body});
  }
  void open() { answer(200, R"({"export":"abc","replica":3})"); }
  std::string next_question() const { return asked_.empty() ? "none" : asked_.front().body; }

  support::RecordedExchange exchange_;
  std::deque<Asked> asked_;
  const Exports::Ask ask_;
  Exports exports_;
};

TEST_F(ExportsTest, PartsAreAskedForAsTheClientTakesThem) {
  begin(exchange_);
  EXPECT_EQ(asked_.front().method, wire::Method::kBackup);
  open();
  EXPECT_EQ(next_question(), R"({"export":"abc","offset":0})");
  EXPECT_EQ(asked_.front().replica, 3u);
  answer(202, "");  // not spooled yet
  EXPECT_EQ(next_question(), R"({"export":"abc","offset":0})");
  EXPECT_FALSE(exchange_.streaming);
  answer(200, "one\n");
  EXPECT_TRUE(exchange_.streaming);
  EXPECT_EQ(exchange_.header("X-Db-Index"), "12");
  EXPECT_EQ(next_question(), "none");
  exchange_.take();
  EXPECT_EQ(next_question(), R"({"export":"abc","offset":4})");
  exchange_.take();  // told twice
  EXPECT_EQ(asked_.size(), 1u);
  answer(200, "two\n");
  exchange_.take();
  answer(204, "");
  EXPECT_EQ(exchange_.body, "one\ntwo\n");
  EXPECT_TRUE(exchange_.stream_ended);
  EXPECT_FALSE(exchange_.stream_broken);
  EXPECT_EQ(next_question(), R"({"export":"abc","close":true})");
}

TEST_F(ExportsTest, TheHeadAloneCostsNothing) {
  Exports::head(http::Responder(exchange_));
  EXPECT_TRUE(exchange_.streaming);
  EXPECT_TRUE(exchange_.stream_ended);
  EXPECT_EQ(exchange_.header("Cache-Control"), "no-store");
  EXPECT_TRUE(asked_.empty());
}

TEST_F(ExportsTest, WhatFailsInTheMiddleIsBrokenOff) {
  begin(exchange_);
  open();
  answer(200, "one\n");
  exchange_.take();
  answer(503, wire::error_body(503, "no replica could answer in time"));
  EXPECT_TRUE(exchange_.stream_broken);
  EXPECT_FALSE(exchange_.stream_ended);
}

TEST_F(ExportsTest, WhatFailsBeforeIsAnsweredSo) {
  begin(exchange_);
  answer(503, wire::error_body(503, "no replica could answer in time"));
  EXPECT_EQ(exchange_.status, 503);
  support::RecordedExchange full;
  begin(full);
  open();
  answer(410, wire::error_body(503, "the disk is full"));
  EXPECT_EQ(full.status, 503);
  EXPECT_NE(full.body.find("the disk is full"), std::string::npos);
  EXPECT_EQ(full.header("Retry-After"), "1");
}

TEST_F(ExportsTest, AClientThatGoesEndsIt) {
  begin(exchange_);
  open();
  answer(200, "one\n");
  exchange_.hang_up();
  EXPECT_EQ(next_question(), R"({"export":"abc","close":true})");
  // Also while a part is asked for.
  support::RecordedExchange second;
  begin(second);
  asked_.pop_front();
  open();
  answer(200, "one\n");
  second.take();
  second.hang_up();
  answer(200, "two\n");
  EXPECT_EQ(next_question(), R"({"export":"abc","close":true})");
}

TEST_F(ExportsTest, SeveralSourcesAreOneStream) {
  exports_.stream({{&ask_, "abc", 3}, {&ask_, "def", 4}}, "request-1", http::Responder(exchange_));
  answer(200, "one\n");
  EXPECT_EQ(exchange_.header("X-Db-Index"), "");
  exchange_.take();
  answer(204, "");
  EXPECT_EQ(next_question(), R"({"export":"def","offset":0})");
  EXPECT_EQ(asked_.front().replica, 4u);
  answer(202, "");
  answer(200, "two\n");
  exchange_.take();
  EXPECT_FALSE(exchange_.stream_ended);
  answer(204, "");
  EXPECT_EQ(exchange_.body, "one\ntwo\n");
  EXPECT_TRUE(exchange_.stream_ended);
  EXPECT_EQ(next_question(), R"({"export":"abc","close":true})");
  EXPECT_EQ(asked_.size(), 2u);
}

TEST_F(ExportsTest, TheSecondSourceFailsAndTheStreamIsBrokenOff) {
  exports_.stream({{&ask_, "abc", 3}, {&ask_, "def", 4}}, "request-1", http::Responder(exchange_));
  answer(200, "one\n");
  exchange_.take();
  answer(204, "");
  answer(404, "");
  EXPECT_TRUE(exchange_.stream_broken);
  EXPECT_FALSE(exchange_.stream_ended);
}

TEST_F(ExportsTest, ThereAreTwoAtATime) {
  support::RecordedExchange second;
  support::RecordedExchange third;
  support::RecordedExchange fourth;
  begin(exchange_);
  begin(second);
  begin(third);
  EXPECT_EQ(third.status, 503);
  EXPECT_EQ(third.header("Retry-After"), "1");
  answer(503, wire::error_body(503, "nobody"));
  begin(fourth);
  EXPECT_EQ(fourth.status, 0);
}

}  // namespace
}  // namespace tandem::group

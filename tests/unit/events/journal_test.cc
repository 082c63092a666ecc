#include "events/journal.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/recorded_exchange.h"
#include "support/temporary_directory.h"

namespace tandem::events {
namespace {

class JournalTest : public testing::Test {
 protected:
  JournalTest() { begin(); }
  // The process starts, or again.
  void begin() {
    journal_.reset();
    journal_ = std::make_unique<Journal>(loop_);
    journal_->keep_in(directory_.file("events"));
  }
  void listen(support::RecordedExchange& exchange, const std::string& last = {}) {
    http::Request request;
    if (!last.empty()) request.headers = {{"Last-Event-ID", last}};
    journal_->stream(request, http::Responder(exchange));
    EXPECT_EQ(exchange.status, 200);
  }
  // What a listener is sent at once that has this Last-Event-ID.
  std::string backlog(const std::string& last = {}) {
    support::RecordedExchange exchange;
    listen(exchange, last);
    journal_->close();
    return exchange.body;
  }
  wire::Json listed(std::vector<http::NameValue> query) {
    support::RecordedExchange exchange;
    http::Request request;
    request.query = std::move(query);
    journal_->list(request, http::Responder(exchange));
    EXPECT_EQ(exchange.status, 200) << exchange.body;
    return *wire::parse_json(exchange.body);
  }

  static size_t count(const std::string& text, const std::string& part) {
    size_t n = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
    return n;
  }
  // The id of the first event of a backlog.
  static std::string first_id(const std::string& backlog) {
    const size_t at = backlog.find("\nid: ") + 5;
    return backlog.substr(at, backlog.find('\n', at) - at);
  }

  support::TemporaryDirectory directory_;
  loop::Loop loop_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(JournalTest, GoesOnBehindTheIdThatIsKnown) {
  journal_->tell("spawn", "one");
  journal_->tell("death", "two");
  const std::string all = backlog();
  EXPECT_EQ(count(all, "event: spawn"), 1U);
  EXPECT_EQ(count(backlog(first_id(all)), "event: spawn"), 0U);
  EXPECT_EQ(count(backlog(first_id(all)), "event: death"), 1U);
}

TEST_F(JournalTest, GoesOnInAnotherLife) {
  journal_->tell("spawn", "one");
  const std::string id = first_id(backlog());
  journal_->tell("death", "two");
  begin();
  journal_->tell("role", "three");
  const std::string behind = backlog(id);
  EXPECT_EQ(count(behind, "event: spawn"), 0U);
  EXPECT_EQ(count(behind, "event: death"), 1U);
  EXPECT_EQ(count(behind, "event: role"), 1U);
}

TEST_F(JournalTest, AnIdOfTheFutureOrThatIsNoNumberIsNone) {
  journal_->tell("spawn", "one");
  const std::string all = backlog("0");
  const std::string first = first_id(all);
  const std::string ids[] = {
      first + "x", first + " " + first,    first + ".0",      "+" + first, "-1",
      "last",      "99999999999999999999", "9999999999999999"};
  for (const std::string& id : ids) EXPECT_EQ(backlog(id), all) << id;
}

TEST_F(JournalTest, WhoKnowsNothingIsSentTheNewest) {
  for (int i = 0; i < 600; ++i) journal_->tell("spawn", "number " + std::to_string(i));
  EXPECT_EQ(count(backlog(), "event: spawn"), 512U);
  EXPECT_EQ(count(backlog(), "number 599\""), 1U);
}

TEST_F(JournalTest, WhatIsMuchComesInPieces) {
  const std::string reason(1000, 'x');
  for (int i = 0; i < 300; ++i) journal_->tell("spawn", reason);
  support::RecordedExchange exchange;
  listen(exchange, "1");
  EXPECT_LT(count(exchange.body, "event: spawn"), 100U);
  for (int i = 0; i < 10; ++i) exchange.take();
  EXPECT_EQ(count(exchange.body, "event: spawn"), 300U);
  journal_->tell("death", "one more");
  EXPECT_EQ(count(exchange.body, "event: death"), 1U);
  journal_->close();
}

TEST_F(JournalTest, WhereItCannotBeKeptItIsToldAllTheSame) {
  directory_.write("file", "");
  Journal journal(loop_);
  journal.keep_in(directory_.file("file"));
  journal_ = nullptr;
  support::RecordedExchange exchange;
  journal.stream({}, http::Responder(exchange));
  journal.tell("spawn", "one");
  EXPECT_EQ(count(exchange.body, "event: spawn"), 1U);
  journal.close();
}

TEST_F(JournalTest, WhereItsDirectoryIsRemovedItIsMadeAgain) {
  journal_->tell("spawn", "one");
  std::filesystem::remove_all(directory_.file("events"));
  journal_->tell("spawn", "two");
  begin();
  const std::string kept = backlog();
  EXPECT_EQ(count(kept, "\"two\""), 1U);
  EXPECT_EQ(count(kept, "\"one\""), 0U);
}

TEST_F(JournalTest, KnowsWhatIsKept) {
  journal_->tell("restore", "r", wire::Json().set("lineage", "ab"));
  begin();
  EXPECT_TRUE(journal_->knows("restore", "lineage", "ab"));
  EXPECT_FALSE(journal_->knows("restore", "lineage", "cd"));
  EXPECT_FALSE(journal_->knows("backup", "lineage", "ab"));
}

TEST_F(JournalTest, SamplesComeWhileSomebodyListens) {
  int samples = 0;
  journal_->sample_with([&](UniqueFunction<void(wire::Json)> done) {
    ++samples;
    done(wire::Json(wire::Json::Object{{"n", samples}}));
  });
  support::RecordedExchange with;
  support::RecordedExchange without;
  listen(with);
  http::Request request;
  request.query = {{"samples", "0"}};
  journal_->stream(request, http::Responder(without));
  while (count(with.body, "event: sample\ndata: {\"n\":2}") == 0) loop_.run_once();
  EXPECT_EQ(count(without.body, "event: sample"), 0U);
  EXPECT_EQ(count(with.body, "\nid: "), 0U) << "they are not gone on from";
  with.hang_up();
  without.hang_up();
  journal_->tell("spawn", "nobody listens");
  EXPECT_EQ(samples, 2);
  journal_->close();
}

TEST_F(JournalTest, ListsTheNewestSinceATime) {
  for (int i = 0; i < 5; ++i) journal_->tell("spawn", std::to_string(i));
  const wire::Json all = listed({});
  ASSERT_EQ(all.as_array()->size(), 5U);
  const wire::Json two = listed({{"limit", "2"}});
  ASSERT_EQ(two.as_array()->size(), 2U);
  EXPECT_EQ(*two.as_array()->front().find("reason")->as_string(), "3");
  const int64_t time_ms = *all.as_array()->back().find("time_ms")->as_int();
  const std::string since = std::to_string(time_ms);
  EXPECT_TRUE(listed({{"since", since}}).as_array()->empty());
  const http::NameValue bad[] = {
      {"since", "yesterday"}, {"limit", "0"}, {"limit", "-1"}, {"limit", "1000000"}};
  for (const http::NameValue& query : bad) {
    support::RecordedExchange exchange;
    http::Request request;
    request.query = {query};
    journal_->list(request, http::Responder(exchange));
    EXPECT_EQ(exchange.status, 400) << query.name << query.value;
  }
}

}  // namespace
}  // namespace tandem::events

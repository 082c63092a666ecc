#include "rs-client/top_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "rs-client/printable.h"

namespace tandem::client {
namespace {

using testing::HasSubstr;
using wire::Json;

Json parsed(const std::string& text) { return wire::parse_json(text).value(); }

Seen orch(const std::string& more) {
  Seen seen{.name = "rs-orch", .url = "http://h:1"};
  seen.state = Seen::State::kReady;
  seen.status =
      parsed(R"({"ready":true,"record":{"leader":1,"epoch":3,"in_sync":[1,2]})" + more + "}");
  return seen;
}

std::string joined_lines(const std::vector<TopLine>& lines) {
  std::string all;
  for (const TopLine& line : lines) all += line.text + "\n";
  return all;
}

std::string shown(const TopLook& now, const TopLook* before = nullptr) {
  return joined_lines(top_lines(now, before, {}, false));
}

TEST(TopView, IsAsLargeAsTheScreen) {
  TopLook look;
  look.seen = {orch(R"(,"workers":[{"id":1,"role":"master","state":"in sync","host":")" +
                    std::string(200, 'x') + R"("}])")};
  for (int i = 0; i < 50; ++i) {
    look.events.push_back(parsed(R"({"event":"role","reason":"r","time_ms":0})"));
  }
  for (const TopScreen screen : {TopScreen{80, 24}, TopScreen{20, 5}, TopScreen{1, 1}}) {
    const auto lines = top_lines(look, nullptr, screen, false);
    EXPECT_EQ(lines.size(), screen.rows);
    for (const TopLine& line : lines) EXPECT_LE(display_width(line.text), screen.columns);
  }
}

TEST(TopView, RatesAndPercentilesAreOfTheTimeBetweenTwoLooks) {
  TopLook before;
  before.seen = {orch(R"(,"calls":{"reads":{"answered":10,"failed":0,"us":[10]},)"
                      R"("writes":{"answered":0,"failed":0,"us":[]}})")};
  before.at_ms = 1000;
  TopLook now;
  now.seen = {orch(R"(,"calls":{"reads":{"answered":30,"failed":0,"us":[10,0,0,0,20]},)"
                   R"("writes":{"answered":1,"failed":2,"us":[3]}})")};
  now.at_ms = 3000;
  EXPECT_THAT(shown(now, &before), HasSubstr("reads 10/s p50 0.0 p99 0.0 ms"));
  EXPECT_THAT(shown(now, &before), HasSubstr("2 FAILED"));
  EXPECT_THAT(shown(now), HasSubstr("reads -"));
  // The process has begun anew, and so do its counts.
  before.at_ms = 5000;
  EXPECT_THAT(shown(before, &now), HasSubstr("reads 0.0/s"));
}

TEST(TopView, ReplicasKeepTheirRowsAndTheirStateIsInWords) {
  TopLook look;
  look.seen = {orch(
      R"(,"workers":[{"id":1,"role":"slave","state":"silent","pid":7,"host":"h"},)"
      R"({"id":2,"role":"master","state":"in sync","pid":8,"last_index":5,"lag":0,"host":"h"}])")};
  const auto lines = top_lines(look, nullptr, {}, false);
  const std::string all = joined_lines(lines);
  EXPECT_THAT(all, HasSubstr("  1   slave     silent"));
  EXPECT_THAT(all, HasSubstr("* 2   master    in sync"));
  EXPECT_LT(all.find("silent"), all.find("* 2"));
}

TEST(TopView, WhatMendsItIsThereHoweverLongTheReason) {
  TopLook look;
  Seen seen{.name = "rs-orch", .url = "u"};
  seen.state = Seen::State::kNotReady;
  seen.why = std::string(300, 'y');
  seen.remedy = "rs-client workers status";
  look.seen = {seen};
  EXPECT_THAT(shown(look), HasSubstr("NOT READY"));
  EXPECT_THAT(shown(look), HasSubstr("mend: rs-client workers status\n"));
}

TEST(TopView, NothingFromElsewhereDrivesTheTerminal) {
  TopLook look;
  look.seen = {
      orch(R"(,"workers":[{"id":1,"role":"a\u001b[2J","state":"\u0007","host":"\u009b1m"}])")};
  look.events = {parsed(R"({"event":"x","reason":"\u001b]0;t\u0007","time_ms":0})")};
  for (const TopLine& line : top_lines(look, nullptr, {}, false)) {
    EXPECT_EQ(line.text.find('\x1b'), std::string::npos);
    EXPECT_EQ(line.text.find('\x07'), std::string::npos);
    EXPECT_EQ(line.text.find("\xc2\x9b"), std::string::npos);
  }
}

TEST(TopView, TheStoreTellsWhetherOrdersAreTheSame) {
  Seen front{.name = "ts-front", .url = "u"};
  front.state = Seen::State::kReady;
  front.status = parsed(
      R"({"same_orders":false,"purchases":{"bought":7},"cache":{"hits":3,"misses":1},)"
      R"("groups":[{"group":"orders","ready":true,"record":{"leader":3,"epoch":2,"in_sync":[3]},)"
      R"("replicas":[{"id":3,"role":"leader","state":"in sync"}]}]})");
  TopLook look;
  look.seen = {front};
  const std::string all = shown(look);
  EXPECT_THAT(all, HasSubstr("bought 7"));
  EXPECT_THAT(all, HasSubstr("75% hits"));
  EXPECT_THAT(all, HasSubstr("DIFFER"));
  EXPECT_THAT(all, HasSubstr("orders  replica 3 leads, epoch 2"));
}

TEST(TopView, CutTextEndsWithAnEllipsis) {
  EXPECT_EQ(fitted("abc", 3), "abc");
  EXPECT_EQ(fitted("abcd", 3), "ab…");
  EXPECT_EQ(fitted("äöü", 2), "ä…");
  EXPECT_EQ(fitted("ab", 0), "");
}

}  // namespace
}  // namespace tandem::client

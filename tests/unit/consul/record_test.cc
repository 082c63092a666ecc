// What is no record, in the place of one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "by_hand.h"
#include "consul/consul_coord.h"
#include "wire/base64.h"

namespace tandem::consul {
namespace {

using coord::SwapOutcome;
using coord::Versioned;
using testing::HasSubstr;

class RecordTest : public testing::Test {
 protected:
  static bool is_record(std::string_view text, uint64_t version) {
    return text == "record " + std::to_string(version);
  }
  static Answer entry(const std::string& text, uint64_t flags) {
    return {200,
            R"([{"Key":"t/g/record","Value":")" + wire::encode_base64(text) + R"(","Flags":)" +
                std::to_string(flags) + R"(,"ModifyIndex":40}])",
            41};
  }
  Versioned read(const Answer& there) {
    std::optional<Result<Versioned>> got;
    coord_->read_record("g", [&](Result<Versioned> record) { got = std::move(record); });
    transport_.answer("t/g/record?consistent", there);
    EXPECT_TRUE(got && *got);
    return got && *got ? **got : Versioned{};
  }

  HandClock clock_;
  HandTimers timers_{clock_};
  HandTransport transport_;
  NoProcesses processes_;
  std::unique_ptr<coord::Coord> coord_ = make_coord(transport_, processes_, {clock_, timers_},
                                                    {.prefix = "t", .is_record = is_record});
};

TEST_F(RecordTest, IsReadWithItsVersion) {
  EXPECT_EQ(read(entry("record 7", 7)), (Versioned{7, "record 7", ""}));
}

TEST_F(RecordTest, WhatIsNoneOfItsVersionIsDamagedAsIsWhatHasNone) {
  for (const Answer& there : {entry("garbage", 999), entry("record 7", 8), entry("record 0", 0)}) {
    const Versioned record = read(there);
    EXPECT_EQ(record.version, 0u);
    EXPECT_THAT(record.damage, HasSubstr("the record in Consul's key 't/g/record'"));
  }
}

TEST_F(RecordTest, AWatchTellsTheDamage) {
  std::optional<Versioned> told;
  const auto watch = coord_->watch_record("g", [&](const Versioned& record) { told = record; });
  timers_.run();
  transport_.answer("t/g/?recurse", entry("garbage", 999));
  ASSERT_TRUE(told);
  EXPECT_THAT(told->damage, HasSubstr("is no record of version 999"));
}

TEST_F(RecordTest, ASwapPutsTheRecordInThePlaceOfThatVeryDamage) {
  std::optional<Result<SwapOutcome>> outcome;
  coord_->swap_record("g", {0}, "record 1",
                      [&](Result<SwapOutcome> done) { outcome = std::move(done); });
  transport_.answer("t/g/record?consistent", entry("garbage", 999));
  transport_.answer("t/g/record?flags=1&cas=40", Answer{200, "true"});
  ASSERT_TRUE(outcome && *outcome);
  EXPECT_EQ(**outcome, SwapOutcome::kApplied);
}

TEST_F(RecordTest, OneThatWasMovedAwayIsTold) {
  EXPECT_EQ(coord_->trouble(), "");
  std::optional<Versioned> told;
  const auto watch = coord_->watch_record("g", [&](const Versioned& record) { told = record; });
  timers_.run();
  transport_.answer("t/g/?recurse", entry("record 7", 7 | kMovedFlag));
  EXPECT_FALSE(told);
  EXPECT_THAT(coord_->trouble(), HasSubstr("was moved to local files"));
  read(entry("record 7", 7));
  EXPECT_EQ(coord_->trouble(), "");
}

}  // namespace
}  // namespace tandem::consul

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "repl/replica_bench.h"

namespace tandem::repl {
namespace {

TEST(LogTime, GoesOnByTheLeadersOwnClock) {
  ReplicaBench bench({1}, 1);
  bench.learn(record_of(2, 5, 1, {1}));
  bench.step(Propose{500, "a", "{}"});
  bench.now += 700 * kMs;
  bench.step(Propose{INT64_MAX, "b", "{}"});
  bench.now += 3'600'000 * kMs;
  bench.step(Propose{-5, "c", "{}"});
  EXPECT_EQ(bench.log.entries[2].time_ms, 1000);
  EXPECT_EQ(bench.log.entries[3].time_ms, 1700);
  EXPECT_EQ(bench.log.entries[4].time_ms, 3'601'700);
}

TEST(LogTime, LosesNothingByManyEntriesAMillisecond) {
  ReplicaBench bench({1}, 1);
  bench.learn(record_of(2, 5, 1, {1}));
  for (int i = 0; i < 1000; ++i) {
    bench.step(Propose{5000, "k" + std::to_string(i), "{}"});
    bench.now += kMs / 10;
  }
  bench.step(Propose{5000, "last", "{}"});
  EXPECT_EQ(bench.log.entries.back().time_ms, 1100);
}

TEST(LogTime, BeginsWithTheWallClock) {
  ReplicaBench bench;
  bench.learn(record_of(2, 5, 1, {1}));
  bench.now += 10 * kMs;
  bench.step(Propose{5000, "a", "{}"});
  bench.now += 10 * kMs;
  bench.step(Propose{1, "b", "{}"});
  EXPECT_EQ(bench.log.entries[1].time_ms, 5000);
  EXPECT_EQ(bench.log.entries[2].time_ms, 5010);
}

TEST(LogTime, GoesOnFromWhereAFollowerLearnedOfIt) {
  ReplicaBench bench({1}, 1);
  Message append = message_from(2, MessageType::kAppend, 1);
  append.prev_index = append.prev_epoch = 1;
  append.entries = {entry_at(2, 1)};
  append.entries[0].time_ms = 9000;
  bench.receive(append);
  bench.now += 250 * kMs;
  bench.learn(record_of(2, 5, 1, {1}));
  bench.now += 250 * kMs;
  bench.step(Propose{1, "a", "{}"});
  EXPECT_EQ(bench.log.entries.back().time_ms, 9500);
}

TEST(LogTime, IsNotThatOfEntriesThatAreCut) {
  ReplicaBench bench({1}, 1);
  Message append = message_from(2, MessageType::kAppend, 1);
  append.prev_index = append.prev_epoch = 1;
  append.entries = {entry_at(2, 1)};
  append.entries[0].time_ms = 90'000'000;
  bench.receive(append);
  append = message_from(3, MessageType::kAppend, 2);
  append.prev_index = append.prev_epoch = 1;
  append.entries = {entry_at(2, 2)};
  append.entries[0].time_ms = 2000;
  bench.receive(append);
  bench.learn(record_of(3, 6, 1, {1}));
  bench.now += 10 * kMs;
  bench.step(Propose{1, "a", "{}"});
  EXPECT_EQ(bench.log.entries.back().time_ms, 2010);
}

// The log before it may have held what was never committed, by another wall clock.
TEST(LogTime, GoesOnFromASnapshotThatIsInstalled) {
  ReplicaBench bench({1}, 1);
  Message append = message_from(2, MessageType::kAppend, 1);
  append.prev_index = append.prev_epoch = 1;
  append.entries = {entry_at(2, 1)};
  append.entries[0].time_ms = 90'000'000;
  bench.receive(append);
  bench.log.entries.clear();
  bench.log.base = 9;
  bench.log.base_epoch = 1;
  bench.step(SnapshotInstalled{9, 2000});
  bench.learn(record_of(2, 5, 1, {1}));
  bench.now += 10 * kMs;
  bench.step(Propose{1, "a", "{}"});
  EXPECT_EQ(bench.log.entries.back().time_ms, 2010);
}

}  // namespace
}  // namespace tandem::repl

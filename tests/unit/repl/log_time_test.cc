#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "repl/replica_bench.h"

namespace tandem::repl {
namespace {

// The leader of that epoch sends the second entry, with this time.
void receive_of_time(ReplicaBench& bench, ReplicaId leader, Epoch epoch, int64_t time_ms) {
  Message append = message_from(leader, MessageType::kAppend, epoch);
  append.prev_index = append.prev_epoch = 1;
  append.entries = {entry_at(2, epoch)};
  append.entries[0].time_ms = time_ms;
  bench.receive(append);
}

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
  receive_of_time(bench, 2, 1, 9000);
  bench.now += 250 * kMs;
  bench.learn(record_of(2, 5, 1, {1}));
  bench.now += 250 * kMs;
  bench.step(Propose{1, "a", "{}"});
  EXPECT_EQ(bench.log.entries.back().time_ms, 9500);
}

TEST(LogTime, IsNotThatOfEntriesThatAreCut) {
  ReplicaBench bench({1}, 1);
  receive_of_time(bench, 2, 1, 90'000'000);
  receive_of_time(bench, 3, 2, 2000);
  bench.learn(record_of(3, 6, 1, {1}));
  bench.now += 10 * kMs;
  bench.step(Propose{1, "a", "{}"});
  EXPECT_EQ(bench.log.entries.back().time_ms, 2010);
}

// The log before it may have held what was never committed, by another wall clock.
TEST(LogTime, GoesOnFromASnapshotThatIsInstalled) {
  ReplicaBench bench({1}, 1);
  receive_of_time(bench, 2, 1, 90'000'000);
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

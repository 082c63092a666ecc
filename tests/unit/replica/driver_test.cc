// Drivers that write and read.
#include "driver_fixture.h"

namespace tandem::replica {
namespace {

TEST_F(DriverTest, AWriteIsAppliedOnBothReplicas) {
  start(1);
  make_leader(1, 0, 1);
  start(2);
  until([&] { return node(2).host().status().find("in_sync")->dump() == "true"; });
  const auto written = write(1, R"({"a":1})");
  ASSERT_TRUE(written);
  EXPECT_EQ(written->answer.body, R"({"a":1})");
  until([&] { return node(2).driver().applied_index() >= written->index; });
  EXPECT_EQ(node(2).commands.all, node(1).commands.all);
}

TEST_F(DriverTest, EveryReplicaAnswersALinearizableReadFromWhatWasWrittenBefore) {
  start(1, 64 << 20, 2);
  make_leader(1, 0, 1);
  start(2);
  until([&] { return node(2).host().status().find("in_sync")->dump() == "true"; });
  start(3);  // the set is full: a reader outside
  for (int i = 0; i < 5; ++i) {
    const auto written = write(1, R"({"n":)" + std::to_string(i) + "}");
    ASSERT_TRUE(written);
    for (const repl::ReplicaId id : {1U, 2U, 3U}) {
      std::optional<Status> told;
      node(id).driver().when_readable(wire::Consistency::kLinearizable, 0, 20000,
                                      [&](Status status) { told = std::move(status); });
      until([&] { return told.has_value(); });
      ASSERT_TRUE(*told) << told->error().message;
      EXPECT_GE(node(id).driver().applied_index(), written->index) << "replica " << id;
    }
  }
}

TEST_F(DriverTest, ALinearizableReadOfAnIndexThatThereIsNotIsRefusedAtOnce) {
  start(1, 64 << 20, 2);
  make_leader(1, 0, 1);
  start(2);
  until([&] { return node(2).host().status().find("in_sync")->dump() == "true"; });
  start(3);  // the set is full: a reader outside
  const auto written = write(1, R"({"n":1})");
  ASSERT_TRUE(written);
  for (const repl::ReplicaId id : {1U, 2U, 3U}) {
    for (const uint64_t beyond : {0U, 1000U}) {
      std::optional<Status> told;
      node(id).driver().when_readable(wire::Consistency::kLinearizable, written->index + beyond,
                                      3'600'000, [&](Status status) { told = std::move(status); });
      until([&] { return told.has_value(); });
      ASSERT_EQ(told->has_value(), beyond == 0) << "replica " << id;
      if (!*told) {
        EXPECT_EQ(told->error().kind, ErrorKind::kBadInput);
      }
    }
  }
}

TEST_F(DriverTest, AReadThatNobodyCanVouchForFailsInTime) {
  start(1);
  make_leader(1, 0, 1);
  start(2);
  until([&] { return node(2).host().status().find("in_sync")->dump() == "true"; });
  stop(1);
  std::optional<Status> told;
  // Leases end; the leader is gone and nobody chooses another.
  until([&] { return node(2).host().status().find("lease")->dump() == "false"; });
  node(2).driver().when_readable(wire::Consistency::kLinearizable, 0, 100,
                                 [&](Status status) { told = std::move(status); });
  until([&] { return told.has_value(); });
  ASSERT_FALSE(*told);
  EXPECT_EQ(told->error().kind, ErrorKind::kTimeout);
}

TEST_F(DriverTest, AKeyIsCarriedOutOnce) {
  start(1);
  make_leader(1, 0, 1);
  EXPECT_TRUE(write(1, R"({"a":1})", "k"));
  EXPECT_TRUE(write(1, R"({"a":1})", "k"));
  EXPECT_EQ(write(1, R"({"a":2})", "k")->answer.status, 422);
  EXPECT_EQ(node(1).commands.all.size(), 1u);
}

TEST_F(DriverTest, NewKeysAreRefusedWhereTooManyAreRemembered) {
  start(1);
  make_leader(1, 0, 1);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(write(1, "{}", "k" + std::to_string(i)));
  const auto refused = write(1, "{}", "one more");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnavailable);
  EXPECT_TRUE(write(1, "{}", "k1"));
  EXPECT_TRUE(write(1, "{}"));
}

// Whatever a door let through: what is in the log is kept for ever.
TEST_F(DriverTest, WhatTheStateCouldNotGiveBackIsNotLogged) {
  start(1);
  make_leader(1, 0, 1);
  const auto last_index = [&] { return node(1).host().status().find("last_index")->dump(); };
  const std::string before = last_index();
  for (const std::string& key : {std::string("k\xff\xfe"), std::string("a\0b", 3),
                                 std::string(129, 'k'), std::string("\x1b[2J")}) {
    const auto refused = write(1, R"({"a":1})", key);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kBadInput);
  }
  EXPECT_EQ(write(1, "refuse this").error().kind, ErrorKind::kBadInput);
  EXPECT_EQ(last_index(), before);
}

TEST_F(DriverTest, OnlyALeaderTakesWrites) {
  start(1);
  const auto refused = write(1, "{}");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnavailable);
}

TEST_F(DriverTest, TellsWhenItTakesWritesAndWhenNoMore) {
  start(1);
  start(2);
  std::vector<std::pair<bool, repl::Epoch>> told;
  repl::Driver& driver = node(1).driver();
  driver.on_takes_writes([&](bool takes) {
    EXPECT_EQ(driver.takes_writes(), takes);
    told.emplace_back(takes, takes ? driver.epoch() : 0);
  });
  EXPECT_EQ(driver.lineage(), 0u);
  EXPECT_EQ(driver.leader_lease_until(), 0);
  make_leader(1, 0, 1);
  until([&] { return told.size() == 1; });
  EXPECT_EQ(driver.lineage(), 77u);
  const int64_t now_ns = system_clock().boot_ns();
  EXPECT_GT(driver.leading_since_ns(), 0);
  EXPECT_LE(driver.leading_since_ns(), now_ns);
  EXPECT_GT(driver.leader_lease_until(), now_ns) << "alone in its set it always has one";
  until([&] { return node(2).host().status().find("in_sync")->dump() == "true"; });
  make_leader(2, 2, 2);
  until([&] { return told.size() == 2; });
  EXPECT_EQ(driver.leader_lease_until(), 0);
  until([&] { return node(1).host().status().find("in_sync")->dump() == "true"; });
  make_leader(1, 4, 3);
  until([&] { return told.size() == 3; });
  node(1).host().drain([] {});
  const std::vector<std::pair<bool, repl::Epoch>> all{{true, 1}, {false, 0}, {true, 3}, {false, 0}};
  EXPECT_EQ(told, all);
}

TEST_F(DriverTest, AReplicaWithoutDataAnswersNoRead) {
  start(1);
  std::optional<Status> told;
  node(1).driver().when_readable(wire::Consistency::kEventual, 0, 1000,
                                 [&](Status status) { told = std::move(status); });
  ASSERT_TRUE(told);
  EXPECT_FALSE(*told);
  make_leader(1, 0, 1);
  node(1).driver().when_readable(wire::Consistency::kEventual, 0, 1000,
                                 [&](Status status) { told = std::move(status); });
  EXPECT_TRUE(*told);
}

// What comes first of a long log is committed, too.
TEST_F(DriverTest, AReplicaThatBeganWithNothingAnswersNoReadBeforeItHasAllOfIt) {
  start(1);
  make_leader(1, 0, 1);
  repl::Index last = 0;
  for (int i = 0; i < 40; ++i) last = write(1, std::string(200 << 10, 'x'))->index;
  start(2);
  std::optional<Status> told;
  until([&] {
    node(2).driver().when_readable(wire::Consistency::kEventual, 0, 1000,
                                   [&](Status status) { told = std::move(status); });
    return told && *told;
  });
  EXPECT_GE(node(2).driver().applied_index(), last);
}

TEST_F(DriverTest, APictureIsOfWhatIsAppliedAndStaysAsItIs) {
  start(1);
  make_leader(1, 0, 1);
  const auto first = write(1, R"({"first":1})");
  ASSERT_TRUE(first);
  std::optional<Result<repl::Picture>> picture;
  node(1).driver().picture([&](Result<repl::Picture> taken) { picture = std::move(taken); });
  until([&] { return picture.has_value(); });
  ASSERT_TRUE(*picture);
  EXPECT_EQ((*picture)->index, first->index);
  ASSERT_TRUE(write(1, R"({"second":2})"));
  std::string rows;
  EXPECT_TRUE((*picture)->rows->write_rows([&](std::string_view row) {
    rows += row;
    return true;
  }));
  EXPECT_NE(rows.find("first"), std::string::npos);
  EXPECT_EQ(rows.find("second"), std::string::npos);
}

TEST_F(DriverTest, ACommandTooBigForAnEntryIsRefused) {
  start(1);
  make_leader(1, 0, 1);
  const auto refused = write(1, std::string(256 << 10, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kTooLarge);
  EXPECT_TRUE(write(1, "{}"));
}

TEST_F(DriverTest, ARestartedLeaderHasItsWritesAndLeadsNoMoreInItsEpoch) {
  start(1);
  make_leader(1, 0, 1);
  ASSERT_TRUE(write(1, R"({"a":1})"));
  stop(1);
  start(1);
  EXPECT_FALSE(node(1).driver().leading());
  make_leader(1, 1, 2);
  EXPECT_EQ(node(1).commands.all, std::vector<std::string>{R"({"a":1})"});
}

TEST_F(DriverTest, ALearnerComesUpByASnapshotWhereTheLogIsGone) {
  start(1, 64 << 10);
  make_leader(1, 0, 1);
  const std::string body(100 << 10, 'x');
  // Segments of a MiB: the first ones go once two snapshots are past them.
  until([&] {
    EXPECT_TRUE(write(1, '"' + std::to_string(node(1).commands.all.size()) + body + '"'));
    return node(1).host().status().find("first_index")->dump() != "1";
  });
  start(2);
  until([&] { return node(2).driver().applied_index() == node(1).driver().applied_index(); });
  EXPECT_NE(node(2).host().status().find("snapshot_index")->dump(), "0");
  EXPECT_EQ(node(2).commands.all, node(1).commands.all);

  // And again from its own disk.
  stop(2);
  start(2);
  EXPECT_FALSE(node(2).commands.all.empty());
  until([&] { return node(2).commands.all == node(1).commands.all; });
}

TEST_F(DriverTest, ARestartBringsNoSnapshotAboutByItself) {
  start(1, 2 << 20);
  make_leader(1, 0, 1);
  // More than is applied in one turn, less than makes a snapshot due.
  constexpr size_t kEntries = 30'000;
  for (size_t i = 1; i <= kEntries; ++i) {
    const auto nothing = [](const Result<repl::Written>&) {};
    if (i % 10'000 != 0) {
      node(1).driver().write("1", {}, 60'000, nothing);
    } else {
      ASSERT_TRUE(write(1, "1"));
    }
  }
  ASSERT_EQ(node(1).host().status().find("snapshot_index")->dump(), "0");
  stop(1);
  start(1, 2 << 20);
  make_leader(1, 1, 2);
  ASSERT_EQ(node(1).commands.all.size(), kEntries);
  const auto snapshot_index = [&] {
    return *node(1).host().status().find("snapshot_index")->as_int();
  };
  until([&] {
    EXPECT_TRUE(write(1, std::string(100 << 10, 'x')));
    return snapshot_index() != 0;
  });
  EXPECT_GT(snapshot_index(), static_cast<int64_t>(kEntries));
}

}  // namespace
}  // namespace tandem::replica

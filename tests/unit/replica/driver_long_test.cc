// Drivers with commands that take long.
#include "driver_fixture.h"

namespace tandem::replica {
namespace {

class LongCommandTest : public DriverTest {
 protected:
  LongCommandTest() {
    start(1);
    make_leader(1, 0, 1);
    start(2);
    until([&] { return node(2).host().status().find("in_sync")->dump() == "true"; });
    for (const repl::ReplicaId id : {1U, 2U}) node(id).commands.held = true;
  }

  void write_later(const std::string& command, std::string_view key = {}) {
    node(1).driver().write(command, key, 60'000, [&](const Result<repl::Written>& written) {
      outcomes_.push_back(written);
    });
  }
  bool readable(repl::ReplicaId id, wire::Consistency consistency) {
    std::optional<Status> told;
    node(id).driver().when_readable(consistency, 0, 60'000,
                                    [&](Status status) { told = std::move(status); });
    until([&] { return told.has_value(); });
    return told->has_value();
  }

  std::vector<Result<repl::Written>> outcomes_;
};

// Heartbeats and leases do: the set stays whole, and the state before it is read.
TEST_F(LongCommandTest, WhileOneRunsEverythingElseGoesOn) {
  ASSERT_TRUE(write(1, "first"));
  write_later("long");
  write_later("after it");
  const uint64_t before = node(1).driver().applied_index();
  for (int renewals = 0; renewals < 3; ++renewals) {
    const int64_t lease = node(1).driver().leader_lease_until();
    until([&] { return node(1).driver().leader_lease_until() > lease; });
  }
  for (const repl::ReplicaId id : {1U, 2U}) {
    EXPECT_TRUE(readable(id, wire::Consistency::kEventual));
    EXPECT_EQ(node(id).host().status().find("in_sync")->dump(), "true");
    EXPECT_EQ(node(id).commands.all, std::vector<std::string>{"first"});
  }
  EXPECT_TRUE(outcomes_.empty());
  EXPECT_EQ(node(1).driver().applied_index(), before);
  // The other one is done first: its state is its own.
  node(2).commands.held = false;
  until([&] { return node(2).commands.all.size() == 3; });
  node(1).commands.held = false;
  until([&] { return outcomes_.size() == 2; });
  const std::vector<std::string> all = {"first", "long", "after it"};
  for (const repl::ReplicaId id : {1U, 2U}) EXPECT_EQ(node(id).commands.all, all);
  EXPECT_EQ(outcomes_[0]->answer.body, "long");
  EXPECT_EQ(outcomes_[1]->answer.body, "after it");
}

TEST_F(LongCommandTest, ALinearizableReadWaitsForIt) {
  write_later("long");
  std::optional<Status> told;
  node(1).driver().when_logged_is_readable(60'000, [&](Status status) {
    told = std::move(status);
    EXPECT_EQ(node(1).commands.all.size(), 1u);
  });
  EXPECT_FALSE(told.has_value());
  for (const repl::ReplicaId id : {1U, 2U}) node(id).commands.held = false;
  until([&] { return told.has_value(); });
  EXPECT_TRUE(told->has_value());
}

TEST_F(LongCommandTest, APictureMeanwhileIsOfTheStateBeforeIt) {
  const repl::Index before = node(1).driver().applied_index();
  write_later("long");
  loop_.run_once();
  std::optional<Result<repl::Picture>> picture;
  node(1).driver().picture([&](Result<repl::Picture> taken) { picture = std::move(taken); });
  until([&] { return picture.has_value(); });
  ASSERT_TRUE(*picture);
  EXPECT_EQ((*picture)->index, before);
  for (const repl::ReplicaId id : {1U, 2U}) node(id).commands.held = false;
  until([&] { return outcomes_.size() == 1; });
  EXPECT_TRUE((*picture)->rows->write_rows([](std::string_view row) {
    EXPECT_NE(row, "long");
    return true;
  }));
}

TEST_F(LongCommandTest, ARepetitionOfOneIsAnsweredTheSame) {
  write_later("long", "k");
  write_later("long", "k");
  for (const repl::ReplicaId id : {1U, 2U}) node(id).commands.held = false;
  until([&] { return outcomes_.size() == 2; });
  EXPECT_EQ(outcomes_[1]->answer.body, "long");
  EXPECT_EQ(node(1).commands.all.size(), 1u);
}

// What was begun is not done: it is in the log, and carried out again.
TEST_F(LongCommandTest, AReplicaThatStopsMeanwhileLosesNothing) {
  write_later("long", "k");
  const uint64_t index = node(1).driver().logged_index();
  stop(1);
  stop(2);
  start(1);
  make_leader(1, 2, 2);
  until([&] { return node(1).driver().applied_index() >= index; });
  EXPECT_EQ(node(1).commands.all, std::vector<std::string>{"long"});
}

}  // namespace
}  // namespace tandem::replica

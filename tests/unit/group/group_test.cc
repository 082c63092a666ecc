// Groups of real replicas: what they do as a whole.
#include "group_fixture.h"

namespace tandem::group {
namespace {

TEST_F(GroupTest, ANewGroupBeginsWithAllOfItsReplicasAndThePreferredOneLeads) {
  Group& group = open_group(true);
  start(1);
  start(2);
  until([&] { return group.readiness().error().message.ends_with("still missing are 3"); });
  EXPECT_FALSE(group.leadership().record());
  start(3);
  until_led_by(group, 3);
  until_in_sync(group, 3);
  EXPECT_EQ(group.leadership().record()->min_in_sync, 2U);
}

TEST_F(GroupTest, APassiveGroupMakesNoRecordAndFindsTheLeader) {
  Group& passive = open_group(false);
  for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
  until([&] {
    return passive.replicas().all().size() == 3 && !passive.leadership().quiet(3) &&
           passive.leadership().state_of(3) != nullptr;
  });
  for (int i = 0; i < 100; ++i) loop_.run_once();
  EXPECT_FALSE(passive.leadership().record());
  open_group(true);
  until_led_by(passive, 3);
  EXPECT_EQ(ask(passive, wire::Method::kDbWrite).body, "1");
  EXPECT_EQ(ask(passive, wire::Method::kDbRead).body, "1");
}

TEST_F(GroupTest, ARecordThatIsGoneIsPutBackOnceAllThatWereInSyncHaveTold) {
  for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
  {
    Group& group = open_group(true);
    until_led_by(group, 3);
    until_in_sync(group, 3);
    ask(group, wire::Method::kDbWrite);
  }
  groups_.clear();
  for (const repl::ReplicaId id : {1U, 2U, 3U}) kill(id);
  ASSERT_GT(fs::remove_all(root_ / "coord" / "g" / "record"), 0U);
  for (const repl::ReplicaId id : {1U, 2U}) start(id);
  Group& group = open_group(true);
  until([&] {
    return !group.readiness() &&
           group.readiness().error().message.find("missing: replica 3") != std::string::npos;
  });
  EXPECT_FALSE(group.leadership().leader_open());
  start(3);
  until_led_by(group, 3);
  EXPECT_GT(group.leadership().record()->epoch, 1U);
  EXPECT_EQ(ask(group, wire::Method::kDbWrite).body, "2");
}

TEST_F(GroupTest, WritesSurviveTheLeaderWithTheSameKeyOnce) {
  for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
  Group& active = open_group(true);
  Group& passive = open_group(false);
  until_led_by(active, 3);
  until_in_sync(active, 3);
  until_led_by(passive, 3);
  EXPECT_EQ(ask(passive, wire::Method::kDbWrite, "k").body, "1");
  std::optional<std::string> body;
  wire::Request write;
  write.method = wire::Method::kDbWrite;
  passive.gateway().submit(write, [&](const wire::Response& r) { body = r.body; });
  kill(3);
  until([&] { return body.has_value(); });
  EXPECT_EQ(*body, "2");
  EXPECT_EQ(ask(active, wire::Method::kDbWrite, "k").body, "1");
  EXPECT_EQ(active.leadership().leader(), 2U);
  EXPECT_EQ(ask(passive, wire::Method::kDbRead).body, "2");
}

// A follower, and one that has not committed the first request, cannot tell that it was not done.
TEST_F(GroupTest, WhetherSomethingWasDoneOnlyTheLeaderIsAsked) {
  for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
  Group& group = open_group(true);
  until_led_by(group, 3);
  until_in_sync(group, 3);
  std::set<uint64_t> answered;
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(ask(group, wire::Method::kDbRepeated, "k").index, 3U);
    answered.insert(ask(group, wire::Method::kDbRead).index);
  }
  EXPECT_EQ(answered, (std::set<uint64_t>{1, 2}));
}

TEST_F(GroupTest, ThatTooManyKeysAreRememberedIsToldAtOnce) {
  for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
  Group& group = open_group(true);
  until_led_by(group, 3);
  // Those that the gateway makes count too.
  for (uint64_t i = 0; i < kMaxKeys; ++i) {
    EXPECT_EQ(ask(group, wire::Method::kDbWrite, i == 0 ? "k" : "").status, 200);
  }
  const Answer refused = ask(group, wire::Method::kDbWrite);
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.body.find(repl::kTooManyKeys), std::string::npos) << refused.body;
  EXPECT_EQ(ask(group, wire::Method::kDbWrite, "k").body, "1");
}

TEST_F(GroupTest, AReplicaThatStopsInOrderIsReplacedAsLeaderAsSoon) {
  for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
  Group& group = open_group(true);
  until_led_by(group, 3);
  until_in_sync(group, 3);
  // It leaves the registry, and the registry is read, before its process ends.
  bool drained = false;
  node(3).host().drain([&] { drained = true; });
  until([&] { return drained; });
  bool read = false;
  group.replicas().refresh([&](const Status&) { read = true; });
  until([&] { return read; });
  kill(3);
  until([&] { return group.replicas().find(3) == nullptr; });
  until_led_by(group, 2);
  EXPECT_EQ(ask(group, wire::Method::kDbWrite).body, "1");
}

// As where coordination is restored to an earlier state.
TEST_F(GroupTest, AReplicaReplacesTheEntryOfAFormerLifeAndNoOther) {
  start(1);
  std::vector<coord::Member> seen;
  const auto watch = coord_->watch_members(
      "g", [&](const std::vector<coord::Member>& members) { seen = members; });
  until([&] { return seen.size() == 1; });
  const coord::Member now = seen[0];
  coord::Member former = now;
  former.session = now.session + 1;
  bool told = false;
  coord_->register_member("g", former, [&](const Status& entered) { told = entered.has_value(); });
  until([&] { return told; });
  until([&] { return seen.size() == 1 && seen[0] == now; });
  coord::Member other = now;
  other.host = "elsewhere";
  other.boot_id = "of another host";
  other.session = now.session + 2;
  coord::Member later = now;
  later.id = 2;
  for (const coord::Member& member : {other, later}) {
    coord_->register_member("g", member, [](const Status& entered) { EXPECT_TRUE(entered); });
  }
  until([&] { return seen.size() == 2; });
  EXPECT_EQ(seen[0], other);
}

TEST_F(GroupTest, GoesOnWhenEnoughOfThoseThatDiedAreBack) {
  for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
  Group& group = open_group(true);
  until_led_by(group, 3);
  until_in_sync(group, 3);
  kill(3);
  kill(2);
  until([&] { return group.leadership().leader() == 1; });
  EXPECT_FALSE(group.readiness());
  start(2);
  until_led_by(group, 1);
  start(3);
  until_in_sync(group, 3);
  EXPECT_EQ(ask(group, wire::Method::kDbWrite).body, "1");
}

// What a process outside relies on before it stops a replica that is in no set: from then on it is
// not taken in.
TEST_F(GroupTest, WhoIsToBeKeptOutIsOutOnceTheLeaderHasHeard) {
  for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
  Group& group = open_group(true);
  until_led_by(group, 3);
  until_in_sync(group, 3);
  std::optional<repl::Epoch> heard;
  const auto remove = [&] {
    heard.reset();
    group.leadership().remove(1, [&](repl::Epoch epoch) { heard = epoch; });
  };
  remove();
  until([&] { return heard.has_value(); });
  EXPECT_EQ(*heard, group.leadership().record()->epoch);
  until_in_sync(group, 2);
  EXPECT_EQ(group.leadership().record()->find(1), nullptr);
  // In a new epoch it is told anew.
  kill(3);
  until([&] { return group.leadership().leader() == 2; });
  remove();
  until([&] { return heard.has_value(); });
  EXPECT_EQ(*heard, group.leadership().record()->epoch);
}

TEST_F(GroupTest, IsNotReadyWhereWritesWaitForMembersThatDoNotAnswer) {
  for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
  Group& group = open_group(true);
  Group& passive = open_group(false);
  until_led_by(group, 3);
  until_in_sync(group, 3);
  until_led_by(passive, 3);
  kill(1);
  until_in_sync(group, 2);
  kill(2);
  until([&] {
    const Status ready = group.readiness();
    return !ready && ready.error().message.find("writes wait for in-sync replicas, at least 2") !=
                         std::string::npos;
  });
  EXPECT_EQ(group.leadership().leader(), 3U);
  until([&] { return !passive.readiness(); });
  start(2);
  until_led_by(group, 3);
  until_led_by(passive, 3);
  EXPECT_EQ(ask(group, wire::Method::kDbWrite).body, "1");
}

TEST_F(GroupTest, LeadershipGoesBackToThePreferredReplica) {
  for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
  Group& group = open_group(true, true);
  until_led_by(group, 3);
  until_in_sync(group, 3);
  kill(3);
  until_led_by(group, 2);
  start(3);
  until_led_by(group, 3);
  until_in_sync(group, 3);
}

TEST_F(GroupTest, WhoBecomesActiveReplacesALeaderThatDiedBefore) {
  for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
  Group& first = open_group(true);
  until_led_by(first, 3);
  until_in_sync(first, 3);
  Group& second = open_group(false);
  until_led_by(second, 3);
  groups_.erase(groups_.begin());
  kill(3);
  until([&] { return !second.readiness(); });
  second.set_active(true);
  until_led_by(second, 2);
}

// The active one holds its lock and does nothing: stopped, or cut off from all replicas.
TEST_F(GroupTest, APassiveOneStandsInWhereNobodyElseReplacesTheLeader) {
  for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
  Group& passive = open_group(false, false, 200);
  Group& active = open_group(true);
  until_led_by(active, 3);
  until_in_sync(active, 3);
  until_led_by(passive, 3);
  until([&] { return !passive.stands_in(); });
  groups_.pop_back();
  kill(3);
  until_led_by(passive, 2);
  EXPECT_EQ(ask(passive, wire::Method::kDbWrite).body, "1");
  until([&] { return !passive.stands_in(); });
  kill(2);
  start(3);
  until([&] { return passive.readiness().has_value() && passive.leadership().leader() != 2; });
  EXPECT_EQ(ask(passive, wire::Method::kDbWrite).body, "2");
}

// A group whose in-sync replicas 1 and 2 have lost their directories; 3 has all that is left.
class LossTest : public GroupTest {
 protected:
  LossTest() {
    settle_ms_ = 1;
    for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
    {
      Group& group = open_group(true);
      until_led_by(group, 3);
      until_in_sync(group, 3);
      ask(group, wire::Method::kDbWrite);
      kill(3);
      until_in_sync(group, 2);
      until_led_by(group, 2);
      ask(group, wire::Method::kDbWrite);  // 3 does not have this one
    }
    groups_.clear();
    for (const repl::ReplicaId id : {1U, 2U}) {
      kill(id);
      fs::remove_all(root_ / std::to_string(id));
    }
    // New ones in their places prove that those before are dead, and go.
    for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
    group_ = &open_group(true);
    until_loss_may_be_accepted();
    for (const repl::ReplicaId id : {1U, 2U}) kill(id);
  }

  void until_loss_may_be_accepted() {
    until([&] {
      const Status ready = group_->readiness();
      return !ready &&
             ready.error().message.starts_with(
                 "g: none of the in-sync replicas 1,2 answers, the data of 1,2 is gone") &&
             ready.error().message.find(
                 "restore their directories, or accept that what only they had is lost with 'lose "
                 "g "
                 "1,2'; replica 3 would lead then, with its log") != std::string::npos;
    });
  }
  // The outcome, for an asker that waits for it no longer than that.
  // Where this process had no turn for long, the survivor has to be heard again first.
  void accept(uint64_t timeout_ms) {
    do {
      if (outcome_) loop_.run_once();
      outcome_.reset();
      group_->leadership().accept_loss({1, 2}, timeout_ms, nullptr,
                                       [this](const Status& status) { outcome_ = status; });
    } while (outcome_ && !*outcome_ && outcome_->error().kind == ErrorKind::kConflict);
  }
  void until_told() {
    until([&] { return outcome_.has_value(); });
  }

  Group* group_ = nullptr;
  std::optional<Status> outcome_;
};

TEST_F(LossTest, LostDirectoriesAreToldAndTheLossIsAcceptedByName) {
  for (const repl::ReplicaId id : {1U, 2U}) start(id);
  group_->accept_loss({1}, false, [this](const Status& status) { outcome_ = status; });
  ASSERT_TRUE(outcome_);
  EXPECT_EQ(outcome_->error().kind, ErrorKind::kConflict);
  outcome_.reset();
  group_->accept_loss({1, 2}, false, [this](const Status& status) { outcome_ = status; });
  until_told();
  ASSERT_TRUE(*outcome_);
  EXPECT_EQ(group_->leadership().leader(), 3U);
  EXPECT_EQ(ask(*group_, wire::Method::kDbWrite).body, "2");
  until_in_sync(*group_, 3);
  until_led_by(*group_, 3);  // and its trouble is over
}

TEST_F(LossTest, WhatIsNotSettledInTimeIsNotKnownAndTheSameRequestWaitsOnForIt) {
  coord_->hold = true;
  accept(1);
  until_told();
  ASSERT_FALSE(*outcome_);
  EXPECT_EQ(outcome_->error().kind, ErrorKind::kUnknown);
  EXPECT_NE(outcome_->error().message.find("give the same request again"), std::string::npos);
  accept(60'000);
  for (int i = 0; i < 20; ++i) loop_.run_once();
  EXPECT_FALSE(outcome_);
  coord_->release();
  for (const repl::ReplicaId id : {1U, 2U}) start(id);  // the minimum is two
  until_told();
  EXPECT_TRUE(*outcome_) << outcome_->error().message;
  EXPECT_EQ(group_->leadership().leader(), 3U);
}

TEST_F(LossTest, CarriedOutAfterItsAskerWasToldThatItIsNotKnownItIsAnsweredAsTheFirst) {
  coord_->hold = true;
  accept(1);
  until_told();
  ASSERT_FALSE(*outcome_);
  coord_->release();
  until([&] { return group_->leadership().leader() == 3; });
  const auto epoch = group_->leadership().record()->epoch;
  accept(60'000);
  ASSERT_TRUE(outcome_);
  EXPECT_TRUE(*outcome_) << outcome_->error().message;
  // By a controller that knows of it from the record alone, too.
  groups_.clear();
  group_ = &open_group(true);
  until([&] { return group_->leadership().leader() == 3; });
  do {
    loop_.run_once();
    accept(60'000);
    until_told();
  } while (!*outcome_ && outcome_->error().kind == ErrorKind::kUnavailable);
  EXPECT_TRUE(*outcome_) << outcome_->error().message;
  EXPECT_EQ(group_->leadership().record()->epoch, epoch);
}

TEST_F(LossTest, WhereTheRecordCannotBeWrittenNothingIsGivenUpAndThatIsSaidAtOnce) {
  coord_->swap_error = Error{ErrorKind::kNoSpace, "no space left on device"};
  accept(600'000);
  until_told();
  ASSERT_FALSE(*outcome_);
  EXPECT_EQ(outcome_->error().kind, ErrorKind::kNoSpace);
  EXPECT_EQ(outcome_->error().message, "nothing was given up: no space left on device");
  coord_->swap_error.reset();
  for (const repl::ReplicaId id : {1U, 2U}) start(id);
  do {
    accept(60'000);
    until_told();
  } while (!*outcome_ && outcome_->error().kind == ErrorKind::kUnavailable);
  EXPECT_TRUE(*outcome_) << outcome_->error().message;
}

TEST_F(LossTest, WhoStopsBeforeItIsSettledSaysThatItIsNotKnown) {
  coord_->hold = true;
  accept(60'000);
  group_->leadership().stop();
  ASSERT_TRUE(outcome_);
  EXPECT_EQ(outcome_->error().kind, ErrorKind::kUnknown);
}

TEST_F(GroupTest, SeveralThatActAtOnceChooseOneLeader) {
  for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
  Group& active = open_group(true);
  until_led_by(active, 3);
  until_in_sync(active, 3);
  Group& second = open_group(true);
  Group& third = open_group(true);
  until_led_by(second, 3);
  until_led_by(third, 3);
  kill(3);
  until_led_by(active, 2);
  until_led_by(second, 2);
  until_led_by(third, 2);
  EXPECT_EQ(ask(third, wire::Method::kDbWrite).body, "1");
}

}  // namespace
}  // namespace tandem::group

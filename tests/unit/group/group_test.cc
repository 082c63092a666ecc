// Groups of real replicas on one loop, with a disk and a link each; what a supervisor does to their
// processes the test does to them.
#include "group/group.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "coord/local.h"
#include "loop/loop.h"
#include "replica/driver.h"
#include "replica/service.h"
#include "support/temporary_directory.h"
#include "wire/envelope.h"

namespace tandem::group {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxKeys = 50;

// Counts what was applied.
class Counter final : public repl::StateMachine {
 public:
  repl::Applied apply(const wire::Entry&) override { return {200, std::to_string(++count)}; }
  std::unique_ptr<repl::FrozenState> freeze() const override { return nullptr; }
  void reset() override { count = 0; }
  Status restore_row(std::string_view) override { return {}; }
  Status finish_restore() override { return {}; }
  int count = 0;
};

// The process of one replica: writes count up, reads tell the count and who answered.
class Node final : public replica::Methods {
 public:
  Node(loop::Loop& loop, const fs::path& root, repl::ReplicaId id)
      : id_(id),
        coord_(*coord::open_local({.root = root / "coord"}, loop)),
        driver_(loop,
                {.group = "g",
                 .id = id,
                 .directory = root / std::to_string(id),
                 .keys = {.max_number = kMaxKeys}},
                counter_, *coord_) {
    EXPECT_TRUE(driver_.open());
    service_ = std::make_unique<replica::Service>(
        loop, "ipc://" + (root / std::to_string(id)).string() + ".sock", driver_, *this);
    service_->start([](const Status& status) { EXPECT_TRUE(status); });
    driver_.start([](const Status& status) { EXPECT_TRUE(status); });
  }

  void on_request(rpc::Reply reply, const wire::Request& request) override {
    if (wire::is_read(request.method)) {
      driver_.when_readable(wire::Consistency::kLinearizable, 0, request.budget_ms,
                            [this, reply = std::move(reply)](const Status& readable) mutable {
                              if (!readable) return replica::answer_error(reply, readable.error());
                              replica::answer(reply, 200, id_, std::to_string(counter_.count));
                            });
      return;
    }
    driver_.write("{}", request.key, request.budget_ms,
                  [reply = std::move(reply)](const Result<replica::Written>& written) mutable {
                    if (!written) return replica::answer_error(reply, written.error());
                    replica::answer(reply, 200, written->index, written->answer.body);
                  });
  }

  replica::Driver& driver() { return driver_; }
  replica::Service& service() { return *service_; }

 private:
  const repl::ReplicaId id_;
  Counter counter_;
  std::unique_ptr<coord::Coord> coord_;
  replica::Driver driver_;
  std::unique_ptr<replica::Service> service_;
};

// Coordination whose changes of the record can be held back, or fail.
class HeldCoord final : public coord::Coord {
 public:
  explicit HeldCoord(std::unique_ptr<coord::Coord> real) : real_(std::move(real)) {}

  bool hold = false;                // swaps wait for release()
  std::optional<Error> swap_error;  // of the next ones, nothing is done
  bool holds_one() const { return static_cast<bool>(held_); }
  void release() {
    hold = false;
    std::exchange(held_, nullptr)();
  }

  void read_record(const std::string& group,
                   UniqueFunction<void(Result<coord::Versioned>)> done) override {
    real_->read_record(group, std::move(done));
  }
  void swap_record(const std::string& group, coord::Expected expected, std::string text,
                   UniqueFunction<void(Result<coord::SwapOutcome>)> done) override {
    if (hold) {
      held_ = [this, group, expected = std::move(expected), text = std::move(text),
               done = std::move(done)]() mutable {
        real_->swap_record(group, std::move(expected), std::move(text), std::move(done));
      };
      return;
    }
    if (swap_error) return done(fail(*swap_error));
    real_->swap_record(group, std::move(expected), std::move(text), std::move(done));
  }
  std::unique_ptr<coord::Watch> watch_record(
      const std::string& group, UniqueFunction<void(const coord::Versioned&)> on_change) override {
    return real_->watch_record(group, std::move(on_change));
  }
  std::unique_ptr<coord::Lock> lock(const std::string& group, const std::string& name,
                                    std::string holder, coord::LockCallbacks callbacks) override {
    return real_->lock(group, name, std::move(holder), std::move(callbacks));
  }
  void lock_holder(const std::string& group, const std::string& name,
                   UniqueFunction<void(Result<std::optional<std::string>>)> done) override {
    real_->lock_holder(group, name, std::move(done));
  }
  void register_member(const std::string& group, coord::Member member,
                       UniqueFunction<void(Status)> done) override {
    real_->register_member(group, std::move(member), std::move(done));
  }
  void unregister_member(const std::string& group, uint32_t id, uint64_t session,
                         UniqueFunction<void(Status)> done) override {
    real_->unregister_member(group, id, session, std::move(done));
  }
  void members(const std::string& group,
               UniqueFunction<void(Result<std::vector<coord::Member>>)> done) override {
    real_->members(group, std::move(done));
  }
  void last_members(const std::string& group,
                    UniqueFunction<void(Result<std::vector<coord::Member>>)> done) override {
    real_->last_members(group, std::move(done));
  }
  void proven_dead(coord::Member member, UniqueFunction<void(Result<bool>)> done) override {
    real_->proven_dead(std::move(member), std::move(done));
  }

 private:
  std::unique_ptr<coord::Coord> real_;
  UniqueFunction<void()> held_;
};

class GroupTest : public testing::Test {
 protected:
  GroupTest()
      : coord_(std::make_unique<HeldCoord>(*coord::open_local({.root = root_ / "coord"}, loop_))) {}

  void start(repl::ReplicaId id) { nodes_[id] = std::make_unique<Node>(loop_, root_, id); }
  void kill(repl::ReplicaId id) { nodes_.erase(id); }
  Node& node(repl::ReplicaId id) { return *nodes_.at(id); }

  Group& open_group(bool active, bool hand_over = false, uint32_t stand_in_after_ms = 0) {
    GroupOptions options;
    options.group = "g";
    options.replicas = {1, 2, 3};
    options.min_in_sync = 2;
    options.prefer = prefer_highest_id;
    options.hand_over = hand_over;
    options.timeout_ms = 60'000;
    options.stand_in_after_ms = stand_in_after_ms;
    options.accept_loss = "lose";
    options.settle_ms = settle_ms_;
    groups_.push_back(std::make_unique<Group>(loop_, *coord_, options));
    Group& group = *groups_.back();
    group.set_active(active);
    group.start([](const Status& status) { EXPECT_TRUE(status); });
    return group;
  }

  // Turns the loop until it is so; a test that never gets there ends by the time limit of ctest.
  void until(const std::function<bool()>& so) {
    while (!so()) loop_.run_once();
  }
  void until_led_by(Group& group, repl::ReplicaId id) {
    until([&] { return group.leadership().leader() == id && group.readiness().has_value(); });
  }
  void until_in_sync(Group& group, size_t count) {
    until([&] {
      const auto& record = group.leadership().record();
      return record && record->in_sync.size() == count;
    });
  }

  struct Answer {
    uint16_t status = 0;
    uint64_t index = 0;
    std::string body;
  };
  Answer ask(Group& group, wire::Method method, std::string_view key = {}) {
    std::optional<Answer> answer;
    wire::Request request;
    request.method = method;
    request.key = key;
    group.gateway().submit(request, [&](const wire::Response& r) {
      answer = Answer{r.status, r.index, std::string(r.body)};
    });
    until([&] { return answer.has_value(); });
    return *answer;
  }

  support::TemporaryDirectory directory_;
  const fs::path root_ = directory_.path();
  loop::Loop loop_;
  std::unique_ptr<HeldCoord> coord_;
  std::map<repl::ReplicaId, std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<Group>> groups_;
  uint64_t settle_ms_ = 60'000;
};

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
  node(3).driver().drain([&] { drained = true; });
  until([&] { return drained; });
  bool read = false;
  group.replicas().refresh([&](const Status&) { read = true; });
  until([&] { return read; });
  kill(3);
  until([&] { return group.replicas().find(3) == nullptr; });
  until_led_by(group, 2);
  EXPECT_EQ(ask(group, wire::Method::kDbWrite).body, "1");
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
  void accept(uint64_t timeout_ms) {
    outcome_.reset();
    group_->leadership().accept_loss({1, 2}, timeout_ms, nullptr,
                                     [this](const Status& status) { outcome_ = status; });
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

// What a group asks of its caretaker, and does with what that says.
#include "group/caretaker.h"

#include <algorithm>

#include "group_fixture.h"

namespace tandem::group {
namespace {

using Role = Caretaker::Role;

// What the test says through it, and what it was told.
struct Script {
  std::optional<std::set<repl::ReplicaId>> founders;
  std::string trouble;
  UniqueFunction<void()> drained;

  Role role = Role::kPassive;
  std::set<repl::ReplicaId> up;
  int founders_asked = 0;
  int looks = 0;
};

class Scripted final : public Caretaker {
 public:
  explicit Scripted(Script& script) : script_(script) {}
  void set_role(Role role) override { script_.role = role; }
  void look() override { ++script_.looks; }
  void replica_up(const ReplicaLink& replica) override { script_.up.insert(replica.member.id); }
  void link_lost() override {}
  std::optional<std::set<repl::ReplicaId>> founders() override {
    ++script_.founders_asked;
    return script_.founders;
  }
  std::vector<LossEvidence> evidence(const std::vector<repl::Member>&) const override { return {}; }
  LossWords words() const override { return {}; }
  std::string trouble() const override { return script_.trouble; }
  void drain(UniqueFunction<void()> done) override { script_.drained = std::move(done); }

 private:
  Script& script_;
};

class CaretakerTest : public GroupTest {
 protected:
  Group& open(uint32_t stand_in_after_ms = 0) {
    GroupOptions options;
    options.group = "g";
    options.stand_in_after_ms = stand_in_after_ms;
    groups_.push_back(std::make_unique<Group>(
        loop_, *coord_, options,
        [this](Replicas&, Leadership&) { return std::make_unique<Scripted>(script_); }));
    Group& group = *groups_.back();
    group.on_event([this](std::string_view kind, const std::string& reason, const wire::Json&) {
      events_.push_back(std::string(kind) + ": " + reason);
    });
    group.start([](const Status& status) { EXPECT_TRUE(status); });
    return group;
  }
  bool told(const std::string& event) const {
    return std::find(events_.begin(), events_.end(), event) != events_.end();
  }

  Script script_;
  std::vector<std::string> events_;
};

TEST_F(CaretakerTest, IsToldOfEachReplicaAndOfItsRole) {
  Group& group = open();
  for (const repl::ReplicaId id : {1U, 2U}) start(id);
  until([&] { return script_.up == std::set<repl::ReplicaId>{1, 2}; });
  EXPECT_EQ(script_.role, Role::kPassive);
  group.set_active(true);
  EXPECT_EQ(script_.role, Role::kActive);
  group.set_active(false);
  EXPECT_EQ(script_.role, Role::kPassive);
}

TEST_F(CaretakerTest, NobodyBeginsAGroupBeforeItSaysWhoDoes) {
  Group& group = open();
  for (const repl::ReplicaId id : {1U, 2U}) start(id);
  group.set_active(true);
  until([&] { return group.leadership().state_of(1) && group.leadership().state_of(2); });
  until([&] { return script_.founders_asked > 2; });
  EXPECT_FALSE(group.leadership().record());
  EXPECT_EQ(group.trouble(), "") << "it is early";
  script_.founders = std::set<repl::ReplicaId>{1, 7};
  until([&] { return group.trouble().ends_with("still missing are 7"); });
  EXPECT_TRUE(told("wait: " + group.trouble()));
  EXPECT_FALSE(group.leadership().record());
  script_.founders = std::set<repl::ReplicaId>{2};
  until_led_by(group, 2);
  EXPECT_EQ(group.trouble(), "");
}

TEST_F(CaretakerTest, WhatItAloneKnowsIsToldFirstAndWhenItIsOver) {
  Group& group = open();
  start(1);
  script_.trouble = "the cellar is flooded";
  for (int i = 0; i < 20; ++i) loop_.run_once();
  EXPECT_EQ(group.trouble(), "") << "a passive one tells nothing";
  group.set_active(true);
  until([&] { return group.trouble() == script_.trouble; });
  EXPECT_EQ(group.readiness().error().message, "g: the cellar is flooded");
  EXPECT_TRUE(told("trouble: the cellar is flooded"));
  EXPECT_EQ(script_.founders_asked, 0) << "nothing is begun";
  script_.trouble.clear();
  until([&] { return group.trouble().empty(); });
  EXPECT_TRUE(told("trouble_over: the cellar is flooded"));
  script_.founders = std::set<repl::ReplicaId>{1};
  until_led_by(group, 1);
}

TEST_F(CaretakerTest, TheTroubleOfOneThatIsActiveNoMoreIsAnothersToTell) {
  Group& group = open();
  script_.trouble = "x";
  group.set_active(true);
  until([&] { return group.trouble() == "x"; });
  group.set_active(false);
  EXPECT_EQ(group.trouble(), "");
}

TEST_F(CaretakerTest, OneThatStandsInKnowsThatItDoes) {
  Group& group = open(200);
  script_.founders = std::set<repl::ReplicaId>{1};
  start(1);
  group.set_active(true);
  until_led_by(group, 1);
  group.set_active(false);
  kill(1);
  until([&] { return script_.role == Role::kStandIn; });
  EXPECT_TRUE(group.stands_in());
  start(1);
  until([&] { return script_.role == Role::kPassive; });
}

TEST_F(CaretakerTest, APassiveOneLeavesANewGroupToTheActiveOne) {
  Group& group = open(1);
  script_.founders = std::set<repl::ReplicaId>{1};
  start(1);
  until([&] { return group.leadership().state_of(1) != nullptr; });
  script_.looks = 0;
  until([&] { return script_.looks > 5; });
  EXPECT_FALSE(group.stands_in());
  EXPECT_EQ(script_.founders_asked, 0);
}

TEST_F(CaretakerTest, DrainingIsOverWhenItsProcessesAre) {
  Group& group = open();
  bool done = false;
  group.drain([&] { done = true; });
  EXPECT_FALSE(done);
  ASSERT_TRUE(script_.drained);
  script_.drained();
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace tandem::group

#include "consulhost/record_move.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>

namespace tandem::consulhost {
namespace {

// In memory, and cut off after so many changes. A mark is of all groups at once, or of each.
class FakeHome final : public RecordHome {
 public:
  FakeHome(std::string name, bool whole) : name_(std::move(name)), whole_(whole) {}

  std::string name() const override { return name_; }
  Result<std::vector<KeptGroup>> groups() override {
    std::vector<KeptGroup> all;
    for (const auto& [name, group] : groups_) all.push_back(group);
    return all;
  }
  Status nobody_lives() override {
    return lives_ ? fail(ErrorKind::kBusy, "replica 2 runs") : Status();
  }
  Status mark_moved(const std::string& to) override {
    if (whole_) return changes([&] { mark_all(to); });
    for (auto& [name, group] : groups_) {
      if (group.moved_to) continue;
      if (Status change = changes([&] { group.moved_to = to; }); !change) return change;
    }
    return {};
  }
  Status begin_move(const std::string& from) override {
    coming_from_ = from;
    return whole_ ? changes([&] { mark_all(from); }) : Status();
  }
  Status put(const KeptGroup& group, const KeptGroup* there) override {
    const auto it = groups_.find(group.name);
    EXPECT_EQ(it != groups_.end(), there != nullptr);
    EXPECT_TRUE(there == nullptr || it->second.moved_to) << "what counts was replaced";
    return changes([&] {
      groups_[group.name] = {group.name, group.record, group.last, coming_from_};
    });
  }
  Status end_move(const std::vector<KeptGroup>& moved) override {
    if (whole_) {
      return changes([&] {
        for (auto& [name, group] : groups_) group.moved_to.reset();
      });
    }
    for (const KeptGroup& group : moved) {
      const Status change = changes([&] { groups_.at(group.name).moved_to.reset(); });
      if (!change) return change;
    }
    return {};
  }

  void set(const std::string& group, uint64_t version, const std::string& text) {
    groups_[group] = {group, {version, text, {}}, {}, {}};
  }
  // The groups that programs would go on with.
  std::map<std::string, uint64_t> counting() const {
    std::map<std::string, uint64_t> versions;
    for (const auto& [name, group] : groups_) {
      if (!group.moved_to) versions[name] = group.record.version;
    }
    return versions;
  }
  // Those that are here, whether or not they count.
  std::map<std::string, uint64_t> holding() const {
    std::map<std::string, uint64_t> versions;
    for (const auto& [name, group] : groups_) versions[name] = group.record.version;
    return versions;
  }
  KeptGroup& operator[](const std::string& group) { return groups_.at(group); }

  bool lives_ = false;
  int changes_left_ = 1000;

 private:
  Status changes(const std::function<void()>& change) {
    if (changes_left_ == 0) return fail(ErrorKind::kUnavailable, "cut off");
    --changes_left_;
    change();
    return {};
  }
  void mark_all(const std::string& to) {
    for (auto& [name, group] : groups_) {
      if (!group.moved_to) group.moved_to = to;
    }
  }
  const std::string name_;
  const bool whole_;
  std::string coming_from_;
  std::map<std::string, KeptGroup> groups_;
};

class RecordMoveTest : public ::testing::Test {
 protected:
  RecordMoveTest() {
    files_.set("orders", 7, "seven");
    files_.set("rides-db", 3, "three");
  }
  using Versions = std::map<std::string, uint64_t>;
  const Versions both_{{"orders", 7}, {"rides-db", 3}};
  FakeHome files_{"local files", true};
  FakeHome consul_{"Consul, below 'tandem'", false};
};

TEST_F(RecordMoveTest, WhatWasMovedCountsThereAlone) {
  const auto moved = move_records(files_, consul_);
  ASSERT_TRUE(moved) << moved.error().message;
  EXPECT_EQ(moved->size(), 2);
  EXPECT_EQ(consul_.counting(), both_);
  EXPECT_EQ(consul_["orders"].record, (coord::Versioned{7, "seven", {}}));
  EXPECT_EQ(files_.counting(), Versions());
}

TEST_F(RecordMoveTest, AndBackInThePlaceOfWhatWasThere) {
  ASSERT_TRUE(move_records(files_, consul_));
  consul_.set("orders", 9, "nine");
  ASSERT_TRUE(move_records(consul_, files_));
  EXPECT_EQ(files_.counting(), (Versions{{"orders", 9}, {"rides-db", 3}}));
  EXPECT_EQ(consul_.counting(), Versions());
  // Also where it went back meanwhile: what was left counts no more.
  ASSERT_TRUE(move_records(files_, consul_));
  consul_.set("orders", 2, "restored");
  ASSERT_TRUE(move_records(consul_, files_));
  EXPECT_EQ(files_["orders"].record.version, 2);
}

// Also what is lost with one of the two homes, at any moment, is not all that there is.
TEST_F(RecordMoveTest, AnInterruptedOneIsFinishedByTheNext) {
  consul_.set("orders", 5, "five, of long ago");
  consul_["orders"].moved_to = files_.name();
  for (const bool back : {false, true}) {
    FakeHome& from = back ? consul_ : files_;
    FakeHome& to = back ? files_ : consul_;
    for (int at = 0;; ++at) {
      FakeHome source = from;
      FakeHome target = to;
      (at % 2 == 0 ? source : target).changes_left_ = at / 2;
      const bool whole = move_records(source, target).has_value();
      // At no moment may programs go on with a record that is in both.
      for (const auto& [group, version] : target.counting()) {
        EXPECT_FALSE(source.counting().contains(group)) << group << " at " << at;
      }
      for (const auto& [group, version] : both_) {
        EXPECT_TRUE(source.counting().contains(group) || target.holding()[group] == version)
            << group << " is in the source alone, and void there, at " << at;
      }
      FakeHome back_to = source;
      FakeHome back_from = target;
      back_to.changes_left_ = back_from.changes_left_ = 1000;
      if (!back_from.holding().empty()) {
        ASSERT_TRUE(move_records(back_from, back_to)) << at;
        EXPECT_EQ(back_to.counting(), both_) << "taken back at " << at;
      }
      source.changes_left_ = target.changes_left_ = 1000;
      ASSERT_TRUE(move_records(source, target)) << at;
      EXPECT_EQ(target.counting(), both_);
      EXPECT_EQ(source.counting(), Versions());
      if (whole && at > 14) break;
    }
    ASSERT_TRUE(move_records(from, to));
  }
}

TEST_F(RecordMoveTest, OfWhatIsVoidInBothTheNewerCounts) {
  ASSERT_TRUE(move_records(files_, consul_));
  consul_.set("orders", 6, "of a move back, long ago");
  consul_["orders"].moved_to = files_.name();
  ASSERT_TRUE(move_records(consul_, files_));
  EXPECT_EQ(files_.counting(), both_);
}

TEST_F(RecordMoveTest, GivenAgainItLeavesWhatHasGoneOn) {
  ASSERT_TRUE(move_records(files_, consul_));
  consul_.set("orders", 12, "twelve");
  ASSERT_TRUE(move_records(files_, consul_));
  EXPECT_EQ(consul_["orders"].record.version, 12);
}

TEST_F(RecordMoveTest, TheSameRecordIsNoOtherOne) {
  consul_.set("rides-db", 3, "three");
  ASSERT_TRUE(move_records(files_, consul_));
  EXPECT_EQ(consul_.counting(), both_);
}

class RefusedMoveTest : public RecordMoveTest {
 protected:
  void refused(ErrorKind kind, const std::string& why) {
    const auto moved = move_records(files_, consul_);
    ASSERT_FALSE(moved);
    EXPECT_EQ(moved.error().kind, kind);
    EXPECT_THAT(moved.error().message, ::testing::HasSubstr(why));
    EXPECT_EQ(files_.counting(), both_) << "nothing is changed";
  }
};

TEST_F(RefusedMoveTest, WhereSomebodyLives) {
  files_.lives_ = true;
  refused(ErrorKind::kBusy, "replica 2 runs");
  files_.lives_ = false;
  consul_.lives_ = true;
  refused(ErrorKind::kBusy, "replica 2 runs");
}

TEST_F(RefusedMoveTest, WhereTheSourceIsDamaged) {
  files_["rides-db"].record.damage = "its checksum is wrong";
  refused(ErrorKind::kCorrupt, "its checksum is wrong; nothing was moved");
}

TEST_F(RefusedMoveTest, WhereTheTargetHasAnotherRecord) {
  for (const uint64_t version : {2UL, 3UL, 4UL}) {
    consul_.set("rides-db", version, "another");
    refused(ErrorKind::kConflict, "another record of the group 'rides-db' in Consul");
  }
  EXPECT_EQ(consul_.counting(), (Versions{{"rides-db", 4}}));
}

TEST_F(RefusedMoveTest, WhereTheSourceHasGoneElsewhere) {
  files_["orders"].moved_to = "Consul, below 'other'";
  const auto moved = move_records(files_, consul_);
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(consul_.counting(), Versions());
}

}  // namespace
}  // namespace tandem::consulhost

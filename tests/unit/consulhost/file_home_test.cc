#include "consulhost/file_home.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <fstream>

#include "coord/local.h"
#include "coord/member_files.h"
#include "coord/record_files.h"
#include "file/directories.h"
#include "file/file.h"
#include "loop/loop.h"
#include "support/temporary_directory.h"

namespace tandem::consulhost {
namespace {

class FileHomeTest : public ::testing::Test {
 protected:
  coord::RecordFiles files(const std::string& group) const {
    return coord::RecordFiles(root_ + "/" + group);
  }
  void advance_to(const std::string& group, uint64_t version) const {
    for (uint64_t v = files(group).peek().value(); v < version; ++v) {
      ASSERT_EQ(files(group).swap(v, "text " + std::to_string(v + 1)).value(),
                coord::SwapOutcome::kApplied);
    }
  }
  coord::Member member(uint32_t id) const {
    coord::Member member;
    member.id = id;
    member.lock_path = scratch_.file("lock-" + std::to_string(id));
    return member;
  }
  bool opens() const {
    loop::Loop loop;
    return coord::open_local({.root = root_}, loop).has_value();
  }

  support::TemporaryDirectory scratch_;
  const std::string root_ = scratch_.file("coord");
  FileHome home_{root_};
};

TEST_F(FileHomeTest, WithoutARootThereIsNothing) {
  EXPECT_TRUE(home_.groups().value().empty());
  EXPECT_TRUE(home_.nobody_lives());
}

TEST_F(FileHomeTest, GroupsThatHaveARecord) {
  advance_to("b", 2);
  advance_to("a", 40);
  ASSERT_TRUE(files("c").make_directories());
  const auto groups = home_.groups().value();
  ASSERT_EQ(groups.size(), 2);
  EXPECT_EQ(groups[0].name, "a");
  EXPECT_EQ(groups[0].record, (coord::Versioned{40, "text 40", {}}));
  EXPECT_EQ(groups[1].name, "b");
  EXPECT_FALSE(groups[0].moved_to);
}

TEST_F(FileHomeTest, WhatIsMarkedIsVoidForProgramsUntilTheEndOfAMoveBack) {
  advance_to("a", 40);
  EXPECT_TRUE(opens());
  ASSERT_TRUE(home_.mark_moved("Consul, below 'x'"));
  EXPECT_FALSE(opens());
  EXPECT_EQ(home_.groups().value()[0].moved_to, "Consul, below 'x'");

  // Of a lower version, too, with its last members.
  const auto there = home_.groups().value();
  ASSERT_TRUE(home_.put({"a", {38, "other", {}}, {member(4)}, {}}, there.data()));
  EXPECT_FALSE(opens());
  ASSERT_TRUE(home_.begin_move("Consul, below 'y'"));
  ASSERT_TRUE(home_.end_move({}));
  EXPECT_TRUE(opens());
  const auto groups = home_.groups().value();
  EXPECT_EQ(groups[0].record, (coord::Versioned{38, "other", {}}));
  EXPECT_EQ(groups[0].last, std::vector{member(4)});
  EXPECT_EQ(files("a").swap({38, "other"}, "next").value(), coord::SwapOutcome::kApplied);
}

TEST_F(FileHomeTest, WhatIsPutWhereNothingWasDoesNotCountBeforeTheEnd) {
  ASSERT_TRUE(home_.begin_move("Consul, below 'x'"));
  ASSERT_TRUE(home_.put({"a", {38, "text", {}}, {}, {}}, nullptr));
  EXPECT_FALSE(opens());
  EXPECT_EQ(home_.groups().value()[0].moved_to, "Consul, below 'x'");
  ASSERT_TRUE(home_.end_move({}));
  EXPECT_TRUE(opens());
}

TEST_F(FileHomeTest, WhoHoldsALockLives) {
  advance_to("a", 1);
  const std::string lock = files("a").group_directory() + "/locks/active";
  const auto held = file::open_regular(lock, O_RDWR | O_CREAT);
  ASSERT_TRUE(held);
  EXPECT_TRUE(home_.nobody_lives());
  ASSERT_TRUE(file::try_flock(*held, LOCK_EX, lock).value());
  const Status nobody = home_.nobody_lives();
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().kind, ErrorKind::kBusy);
}

TEST_F(FileHomeTest, AReplicaThatRunsLivesAlsoWhereItIsNotRegistered) {
  advance_to("a", 1);
  const coord::RecordFiles group = files("a");
  const std::string last = group.group_directory() + "/last";
  ASSERT_TRUE(file::make_directories(last));
  ASSERT_TRUE(coord::write_member(group.spares(), last, group.temporary_path(), member(3)));
  EXPECT_TRUE(home_.nobody_lives());  // its lock is not there
  const auto held = file::open_regular(member(3).lock_path, O_RDWR | O_CREAT);
  ASSERT_TRUE(held);
  EXPECT_TRUE(home_.nobody_lives());
  ASSERT_TRUE(file::try_flock(*held, LOCK_EX, member(3).lock_path).value());
  const Status nobody = home_.nobody_lives();
  ASSERT_FALSE(nobody);
  EXPECT_THAT(nobody.error().message, ::testing::HasSubstr("replica 3 of the group 'a' runs"));
}

}  // namespace
}  // namespace tandem::consulhost

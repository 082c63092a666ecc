// Whose place in the registry a replica takes, and what it says where its own is taken.
#include "coord/member_text.h"
#include "driver_fixture.h"
#include "support/captured_stderr.h"
#include "wire/sealed_text.h"

namespace tandem::replica {
namespace {

constexpr uint64_t kOtherDisk = 99;

class PresenceTest : public DriverTest {
 protected:
  // Of replica 1 on another host, with another disk.
  static coord::Member elsewhere() {
    coord::Member member;
    member.id = 1;
    member.storage_id = kOtherDisk;
    member.session = 5;
    member.address = "ipc:///nowhere";
    member.pid = 123;
    member.boot_id = "0c7f1bb5-9f0e-4b4c-a2a9-3c1f2f7d9d41";
    member.host = "elsewhere";
    member.lock_path = "/nowhere/lock";
    return member;
  }
  // Whatever is there.
  void put_entry(const coord::Member& member) {
    fs::create_directories(entry_.parent_path());
    std::ofstream(root_ / "new") << wire::seal_text(coord::encode_member(member));
    fs::rename(root_ / "new", entry_);
  }
  std::optional<coord::Member> entry() {
    std::optional<Result<std::vector<coord::Member>>> members;
    coord_->members("g", [&](Result<std::vector<coord::Member>> all) { members = std::move(all); });
    until([&] { return members.has_value(); });
    return (*members)->empty() ? std::nullopt : std::optional((*members)->front());
  }
  // Replica 1's, as it was when it had another disk in the directory that it has.
  coord::Member former_entry() {
    start(1);
    until([&] { return fs::exists(entry_); });
    coord::Member former = entry().value();
    stop(1);
    former.storage_id = kOtherDisk;
    former.session = 5;
    return former;
  }
  void put_in_sync(uint64_t storage_id) {
    repl::Record record;
    record.lineage = 77;
    record.epoch = 1;
    record.version = 1;
    record.leader = 1;
    record.in_sync = {{1, storage_id}};
    std::optional<coord::SwapOutcome> swapped;
    coord_->swap_record("g", 0, repl::to_text(record),
                        [&](const Result<coord::SwapOutcome>& outcome) { swapped = *outcome; });
    until([&] { return swapped == coord::SwapOutcome::kApplied; });
  }
  Status started() {
    std::optional<Status> outcome;
    make(1).host().start([&](Status status) { outcome = std::move(status); });
    until([&] { return outcome.has_value(); });
    return *outcome;
  }

  const fs::path entry_ = root_ / "coord/g/members/1";
};

TEST_F(PresenceTest, TheDiskOfAnotherHostThatIsInSyncKeepsItsPlace) {
  put_entry(elsewhere());
  put_in_sync(kOtherDisk);
  const Status refused = started();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kBusy);
  EXPECT_EQ(refused.error().message,
            "replica 1 of group 'g' is registered from host 'elsewhere' (pid 123) with another "
            "disk, which is in sync: stop that one first; where its host is gone, the leader takes "
            "it out of the set, or give it up (accept-loss)");
  EXPECT_EQ(entry()->storage_id, kOtherDisk);
}

TEST_F(PresenceTest, ADiskOfAnotherHostThatIsNotInSyncIsReplaced) {
  put_entry(elsewhere());
  put_in_sync(kOtherDisk + 1);
  EXPECT_TRUE(started());
  EXPECT_EQ(entry()->storage_id, storage_id(1));
}

TEST_F(PresenceTest, WhereTheSetIsNotKnownItIsWaitedFor) {
  put_entry(elsewhere());
  const fs::path record = root_ / "coord/g/record/00000000000000000001";
  fs::create_directories(record.parent_path());
  std::ofstream(record) << "damaged";
  std::optional<Status> outcome;
  make(1).host().start([&](Status status) { outcome = std::move(status); });
  until([&] { return !node(1).driver().begins(); });
  testing::internal::CaptureStderr();
  until([] { return support::captured_bytes() > 0; });
  EXPECT_FALSE(node(1).host().readiness());
  EXPECT_EQ(entry()->storage_id, kOtherDisk);
  EXPECT_FALSE(outcome.has_value());
  fs::remove_all(record.parent_path());
  until([&] { return outcome.has_value(); });
  EXPECT_TRUE(*outcome);
  testing::internal::GetCapturedStderr();
}

TEST_F(PresenceTest, TheFormerDiskOfItsDirectoryIsReplacedOnAHostThatWasRenamed) {
  coord::Member former = former_entry();
  former.host = "earlier";
  put_entry(former);
  put_in_sync(kOtherDisk);
  EXPECT_TRUE(started());
}

TEST_F(PresenceTest, TheFormerDiskOfItsDirectoryIsReplacedAfterABoot) {
  coord::Member former = former_entry();
  former.boot_id = elsewhere().boot_id;
  ++former.lock_device;
  put_entry(former);
  put_in_sync(kOtherDisk);
  EXPECT_TRUE(started());
}

TEST_F(PresenceTest, TheSamePathOnAnotherHostIsNotItsDirectory) {
  coord::Member other = former_entry();
  other.boot_id = elsewhere().boot_id;
  other.host = elsewhere().host;
  put_entry(other);
  put_in_sync(kOtherDisk);
  EXPECT_FALSE(started());
}

TEST_F(PresenceTest, AnotherLockOnThisHostIsJudgedByTheBackEnd) {
  coord::Member former = former_entry();
  ++former.lock_inode;  // the directory was removed, and made again
  put_entry(former);
  put_in_sync(kOtherDisk);
  EXPECT_TRUE(started());
}

TEST_F(PresenceTest, ThatAnotherHasItsPlaceIsToldOnce) {
  start(1);
  until([&] { return fs::exists(entry_); });
  testing::internal::CaptureStderr();
  coord::Member other = elsewhere();
  put_entry(other);
  until([] { return support::captured_bytes() > 0; });
  ++other.session;
  put_entry(other);
  entry();
  fs::remove(entry_);
  until([&] { return fs::exists(entry_); });
  const std::string told = testing::internal::GetCapturedStderr();
  const size_t at = told.find("has taken its place");
  ASSERT_NE(at, std::string::npos) << told;
  EXPECT_NE(told.find("host=elsewhere", at), std::string::npos) << told;
  EXPECT_NE(told.find("pid=123", at), std::string::npos) << told;
  EXPECT_EQ(told.find("has taken its place", at + 1), std::string::npos) << told;
}

}  // namespace
}  // namespace tandem::replica

#include "group/loss.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "loop/process.h"
#include "storage/directory.h"
#include "storage/identity.h"
#include "storage/set_aside.h"
#include "support/temporary_directory.h"

namespace tandem::group {
namespace {

using Process = LossEvidence::Process;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

LossEvidence lost(repl::ReplicaId id) {
  return {{id, 10U * id}, Process::kDead, 0, true, "data/" + std::to_string(id), false, {}};
}

LossWords words() { return {"worker", "worker", true, "lose"}; }

std::optional<repl::Candidate> survivor() {
  repl::Candidate candidate{{3, 30}, {}};
  candidate.state.last_index = 7;
  candidate.state.last_epoch = 4;
  return candidate;
}

TEST(SilentText, NamesTheLossAsAWayOutWhereAllOfItIsProven) {
  EXPECT_EQ(silent_text({lost(1), lost(2)}, words(), survivor()),
            "none of the in-sync workers 1,2 answers, the data of 1,2 is gone from 'data/1', "
            "'data/2': restore their directories, or accept that what only they had is lost with "
            "'lose 1,2'; worker 3 would lead then, with its log up to index 7 of epoch 4");
  EXPECT_THAT(
      silent_text({lost(1)}, words(), std::nullopt),
      AllOf(HasSubstr("no other worker that answers has data"), Not(HasSubstr("'lose 1'"))));
}

// One of them is enough: it has everything that was acknowledged.
TEST(SilentText, SaysWhatMendsItWhereOneMayLiveOrHasItsData) {
  std::vector<LossEvidence> members{lost(1), lost(2)};
  const auto text_of = [&](Process process, bool data_lost) {
    members[1].process = process;
    members[1].pid = 77;
    members[1].data_lost = data_lost;
    const std::string text = silent_text(members, words(), survivor());
    EXPECT_THAT(text, Not(HasSubstr("lose")));
    EXPECT_THAT(text, Not(HasSubstr("would lead")));
    const Status may = may_give_up(members, words(), survivor());
    EXPECT_FALSE(may);
    EXPECT_EQ(may.error().kind, ErrorKind::kConflict);
    EXPECT_THAT(may.error().message, HasSubstr("With force what only 1,2 have is lost"));
    return text;
  };
  EXPECT_THAT(text_of(Process::kStopped, false),
              HasSubstr("worker 2 (pid 77) is stopped: kill -CONT 77"));
  EXPECT_THAT(text_of(Process::kStopped, true), HasSubstr("kill -CONT 77"));
  EXPECT_THAT(text_of(Process::kDead, false),
              HasSubstr("worker 2 is not running: start it (data: data/2)"));
  EXPECT_THAT(text_of(Process::kRuns, true),
              HasSubstr("worker 2 (pid 77) runs and holds its lock, but its registry entry"));
  EXPECT_THAT(text_of(Process::kUnknown, true), HasSubstr("nothing is known of the process"));
  members[1].registered = true;
  EXPECT_THAT(text_of(Process::kRuns, false),
              HasSubstr("worker 2 (pid 77) is running and does not answer"));
}

TEST(WaitingText, NamesWhoIsWaitedForAndWhatMendsIt) {
  LossEvidence stopped{{2, 20}, Process::kStopped, 77, false, "data/2", true, {}};
  EXPECT_EQ(
      waiting_text({stopped}, words(), 2),
      "writes wait for in-sync workers, at least 2 of which have to answer: worker 2 (pid 77) "
      "is stopped: kill -CONT 77");
}

TEST(TellAfter, WaitsOnlyForWhatMayComeByItself) {
  std::vector<LossEvidence> members{lost(1), lost(2)};
  EXPECT_EQ(tell_after_ms(members), 0);
  members[1].data_lost = false;
  EXPECT_EQ(tell_after_ms(members), 1000);
  members[1].process = Process::kStopped;
  EXPECT_EQ(tell_after_ms(members), 1000);
  members[1].process = Process::kRuns;
  EXPECT_EQ(tell_after_ms(members), 10'000);
}

TEST(MayGiveUp, WhatIsProvenNeedsNoForce) {
  EXPECT_TRUE(may_give_up({lost(1), lost(2)}, words(), survivor()));
}

TEST(Advice, OneThatIsAloneHasNoNumber) {
  LossEvidence catalog = lost(1);
  catalog.data_lost = false;
  EXPECT_EQ(advice(catalog, {"replica", "ts-catalog", false, "lose"}),
            "ts-catalog is not running: start it (data: data/1)");
}

class LookAtMember : public testing::Test {
 protected:
  LookAtMember() : directory_(root_.file("1")) {
    lock_ = *storage::Directory::open(directory_);
    EXPECT_TRUE(storage::save_identity(directory_, {7, 10}));
    const auto self = loop::process_identity(getpid());
    entry_.id = 1;
    entry_.storage_id = 10;
    entry_.pid = self->pid;
    entry_.start_ticks = self->start_ticks;
    entry_.boot_id = self->boot_id;
    entry_.lock_path = lock_->lock_path();
  }

  LossEvidence look() { return look_at_member({1, 10}, directory_, entry_, true); }

  support::TemporaryDirectory root_;
  const std::string directory_;
  std::unique_ptr<storage::Directory> lock_;
  coord::Member entry_;
};

TEST_F(LookAtMember, OneThatHoldsItsLockRuns) {
  const LossEvidence evidence = look();
  EXPECT_EQ(evidence.process, Process::kRuns);
  EXPECT_EQ(evidence.pid, getpid());
  EXPECT_FALSE(evidence.data_lost);
  EXPECT_EQ(directory_of(entry_), directory_);
}

TEST_F(LookAtMember, OneWhoseFilesWereRemovedRunsAllTheSame) {
  std::filesystem::remove_all(directory_);
  const LossEvidence evidence = look();
  EXPECT_EQ(evidence.process, Process::kRuns);
  EXPECT_TRUE(evidence.data_lost);
  EXPECT_FALSE(evidence.proven());
}

TEST_F(LookAtMember, OneThatIsDeadWithItsDataIsNotLost) {
  lock_.reset();
  entry_.start_ticks += 1;
  EXPECT_EQ(look().process, Process::kDead);
  EXPECT_FALSE(look().data_lost);
  EXPECT_FALSE(look().proven());
}

TEST_F(LookAtMember, OneIsLostWithoutItsDirectoryOrWithAnotherOrADistrustedOne) {
  lock_.reset();
  entry_.start_ticks += 1;
  ASSERT_TRUE(storage::mark_distrusted(directory_, {"cannot sync"}));
  EXPECT_TRUE(look().proven());
  ASSERT_TRUE(storage::clear_distrust(directory_));
  EXPECT_FALSE(look().proven());
  ASSERT_TRUE(storage::save_identity(directory_, {7, 11}));
  EXPECT_TRUE(look().proven());
  root_.write("1/identity", "rubbish");
  EXPECT_TRUE(look().proven());
  // Of another format version it may be put right.
  root_.write("1/identity", R"({"format":"tandem-identity-2"})");
  EXPECT_FALSE(look().proven());
  std::filesystem::remove_all(directory_);
  EXPECT_TRUE(look().proven());
}

// Started on an emptied directory, the number is that of another member.
TEST_F(LookAtMember, AnotherMemberInItsPlaceProvesItsDeath) {
  ASSERT_TRUE(storage::save_identity(directory_, {7, 11}));
  EXPECT_EQ(look().process, Process::kRuns);  // the entry says that it is still the old one
  entry_.storage_id = 11;
  EXPECT_TRUE(look().proven());
}

TEST_F(LookAtMember, NothingIsKnownWithoutADirectory) {
  EXPECT_EQ(look_at_member({1, 10}, "", std::nullopt, false).process, Process::kUnknown);
}

}  // namespace
}  // namespace tandem::group

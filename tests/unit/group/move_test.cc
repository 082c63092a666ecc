#include "group/move.h"

#include <gtest/gtest.h>

#include <optional>

namespace tandem::group {
namespace {

constexpr int64_t kDeadline = 1000;
constexpr int64_t kSettle = 500;

class MoveTest : public testing::Test {
 protected:
  Move::Done done() {
    return [](const Status&) {};
  }
  // Replica 2 is to lead, epoch 4 is the record's before.
  Move transfer() { return {nouns_, {2, 4}, kDeadline, done()}; }
  Move loss() {
    repl::Candidate leader;
    leader.member = {2, 22};
    leader.state.last_index = 70;
    leader.state.last_epoch = 4;
    return {nouns_, {2, 4}, Move::Loss{{1, 3}, leader, 9}, kDeadline, kSettle, done()};
  }
  // As long as the controller tries.
  static Move::Sight before(int64_t now_ns) { return {4, 1, true, true, now_ns}; }
  static Move::Sight given_up_trying() { return {4, 1, true, false, 10}; }
  static Move::Sight leads(repl::ReplicaId leader, bool open, int64_t now_ns) {
    return {5, leader, open, false, now_ns};
  }
  static ErrorKind kind_of(const std::optional<Status>& outcome) {
    EXPECT_TRUE(outcome && !*outcome);
    return outcome && !*outcome ? outcome->error().kind : ErrorKind::kBug;
  }

 private:
  const repl::Nouns nouns_{"worker", "master"};
};

TEST_F(MoveTest, ATransferIsDoneWhenTheNewLeaderTakesWrites) {
  const Move move = transfer();
  EXPECT_FALSE(move.outcome(before(10)));
  EXPECT_FALSE(move.outcome(leads(2, false, 10)));
  const auto outcome = move.outcome(leads(2, true, 10));
  EXPECT_TRUE(outcome && *outcome);
}

TEST_F(MoveTest, ATransferFailsWhereAnotherLeadsNobodyTriesOrItTakesTooLong) {
  const Move move = transfer();
  EXPECT_EQ(kind_of(move.outcome(leads(3, true, 10))), ErrorKind::kConflict);
  const auto stays = move.outcome(given_up_trying());
  EXPECT_EQ(kind_of(stays), ErrorKind::kTimeout);
  EXPECT_EQ(stays->error().message, "worker 2 did not become master: worker 1 stays it");
  EXPECT_EQ(kind_of(move.outcome(leads(2, false, kDeadline))), ErrorKind::kTimeout);
  EXPECT_EQ(kind_of(move.outcome(before(kDeadline))), ErrorKind::kTimeout);
}

TEST_F(MoveTest, ALossIsToldOnceTheRecordShowsIt) {
  Move move = loss();
  EXPECT_FALSE(move.carried_out(before(10)));
  EXPECT_FALSE(move.carried_out(leads(3, true, 10))) << "another one was chosen";
  const auto story = move.carried_out(leads(2, false, 10));
  ASSERT_TRUE(story);
  EXPECT_EQ(story->text,
            "loss accepted: the in-sync workers 1,3 are given up, worker 2 leads with its log up "
            "to index 70 of epoch 4; what came after that is lost");
  EXPECT_EQ(story->fields.dump(), R"({"given_up":"1,3","leader":2,"epoch":4,"index":70})");
  EXPECT_FALSE(move.carried_out(leads(2, true, 20)));
}

TEST_F(MoveTest, ALossThatIsSettledIsDoneThoughTheNewLeaderTakesItsTime) {
  const Move move = loss();
  EXPECT_FALSE(move.outcome(leads(2, false, kDeadline - 1)));
  const auto outcome = move.outcome(leads(2, false, kDeadline));
  EXPECT_TRUE(outcome && *outcome);
}

TEST_F(MoveTest, ALossFailsWhereItIsCertainThatNothingWasGivenUp) {
  const Move move = loss();
  EXPECT_EQ(kind_of(move.outcome(given_up_trying())), ErrorKind::kUnavailable);
  EXPECT_EQ(kind_of(move.swap_failed(9, coord::SwapOutcome::kRefused)), ErrorKind::kConflict);
  EXPECT_EQ(kind_of(move.swap_failed(9, fail(ErrorKind::kNoSpace, "full"))), ErrorKind::kNoSpace);
  EXPECT_EQ(kind_of(move.swap_failed(9, fail(ErrorKind::kUnavailable, "refused"))),
            ErrorKind::kUnavailable);
  EXPECT_FALSE(move.swap_failed(9, coord::SwapOutcome::kApplied));
  EXPECT_FALSE(move.swap_failed(9, fail(ErrorKind::kTimeout, "no answer"))) << "it may come yet";
  EXPECT_FALSE(move.swap_failed(8, coord::SwapOutcome::kRefused)) << "another one";
  EXPECT_FALSE(transfer().swap_failed(9, coord::SwapOutcome::kRefused));
}

TEST_F(MoveTest, ALossWhoseOutcomeIsUnknownGoesOnWhenItsAskerWasTold) {
  Move move = loss();
  EXPECT_FALSE(move.outcome(before(kDeadline)));
  EXPECT_FALSE(move.is_overdue(before(kDeadline + kSettle - 1)));
  EXPECT_TRUE(move.is_overdue(before(kDeadline + kSettle)));
  EXPECT_EQ(move.not_known_yet().kind, ErrorKind::kUnknown);
  move.take_done();
  EXPECT_FALSE(move.is_waited_for());
  EXPECT_FALSE(move.is_overdue(before(kDeadline + kSettle)));
  EXPECT_FALSE(move.outcome(before(kDeadline + kSettle)));
  // Whether the new leader takes writes nobody waits for.
  EXPECT_TRUE(move.outcome(leads(2, false, kDeadline + kSettle)));
  EXPECT_TRUE(move.gives_up({1, 3}));
  EXPECT_FALSE(move.gives_up({1}));
  move.wait_again(9000, done());
  EXPECT_TRUE(move.is_waited_for());
  EXPECT_FALSE(move.is_overdue(before(9000)));
}

TEST_F(MoveTest, AStopSaysOfALossThatItMayHaveBeen) {
  EXPECT_EQ(transfer().stopped().error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(loss().stopped().error().kind, ErrorKind::kUnknown);
}

}  // namespace
}  // namespace tandem::group

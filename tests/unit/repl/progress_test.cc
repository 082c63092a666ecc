#include "repl/progress.h"

#include <gtest/gtest.h>

namespace tandem::repl {
namespace {

using Mode = Progress::Mode;

class ProgressTest : public testing::Test {
 protected:
  // As a leader would: its log goes from `first` to `last`.
  void acknowledge(Index match) { progress.acknowledged(match, {first, last}, now_ns); }
  void send_ahead(Index to, size_t bytes) {
    progress.sends_append(true, commit, now_ns);
    progress.sends_ahead(to, bytes);
  }

  Progress progress;
  Index first = 1;
  Index last = 100;
  Index commit = 40;
  int64_t now_ns = 1000;
};

TEST_F(ProgressTest, StartsWithNothingVerified) {
  EXPECT_EQ(progress.mode(), Mode::kProbe);
  EXPECT_EQ(progress.match(), 0u);
  EXPECT_EQ(progress.next(), 1u);
  EXPECT_FALSE(progress.waits_for_answer());
}

TEST_F(ProgressTest, AProbeBeginsBehindWhatIsAgreedAndNeverBelowWhatIsVerified) {
  progress.become_probe(30);
  EXPECT_EQ(progress.next(), 31u);
  acknowledge(20);
  progress.become_probe(10);
  EXPECT_EQ(progress.next(), 21u);
}

TEST_F(ProgressTest, AnAcknowledgementEndsTheProbe) {
  progress.become_probe(50);
  progress.sends_probe();
  EXPECT_TRUE(progress.waits_for_answer());
  acknowledge(30);
  EXPECT_EQ(progress.mode(), Mode::kReplicate);
  EXPECT_EQ(progress.next(), 31u) << "what was guessed of its log counts no more";
  EXPECT_FALSE(progress.waits_for_answer());
}

TEST_F(ProgressTest, WhatIsSentAheadIsInFlightUntilItIsAcknowledged) {
  acknowledge(10);
  send_ahead(20, 500);
  send_ahead(30, 700);
  EXPECT_EQ(progress.next(), 31u);
  EXPECT_EQ(progress.in_flight_bytes(), 1200u);
  acknowledge(19);
  EXPECT_EQ(progress.in_flight_bytes(), 1200u);
  acknowledge(20);
  EXPECT_EQ(progress.in_flight_bytes(), 700u);
  EXPECT_EQ(progress.next(), 31u);
  acknowledge(45);  // it had more than was sent
  EXPECT_EQ(progress.in_flight_bytes(), 0u);
  EXPECT_EQ(progress.next(), 46u);
}

TEST_F(ProgressTest, ALateAcknowledgementTakesNothingBack) {
  acknowledge(30);
  acknowledge(10);
  EXPECT_EQ(progress.match(), 30u);
  EXPECT_EQ(progress.next(), 31u);
}

TEST_F(ProgressTest, EveryTransitionForgetsWhatIsUnderWay) {
  acknowledge(10);
  send_ahead(20, 500);
  progress.become_probe(10);
  EXPECT_EQ(progress.in_flight_bytes(), 0u);
  progress.sends_probe();
  progress.become_snapshot();
  EXPECT_FALSE(progress.waits_for_answer());
  EXPECT_EQ(progress.sends_chunk(60, now_ns), 0u);
  progress.chunk_acknowledged(60, 4096, {first, last}, now_ns);
  progress.become_snapshot();  // of a session that said hello meanwhile
  EXPECT_EQ(progress.sends_chunk(60, now_ns), 0u);
}

TEST_F(ProgressTest, ARefusalOfSomethingEarlierIsNoNews) {
  acknowledge(10);
  send_ahead(20, 500);
  EXPECT_FALSE(progress.is_news(9));
  EXPECT_TRUE(progress.is_news(20));
  progress.become_probe(15);
  EXPECT_FALSE(progress.is_news(20)) << "of an append before the probe";
  EXPECT_TRUE(progress.is_news(15));
  progress.become_snapshot();
  EXPECT_FALSE(progress.is_news(15));
}

TEST_F(ProgressTest, NeedsASnapshotWhereTheLogIsCutOffBelowWhatComesNext) {
  progress.become_probe(30);
  EXPECT_FALSE(progress.needs_snapshot(31));
  EXPECT_TRUE(progress.needs_snapshot(32));
  progress.become_snapshot();
  EXPECT_FALSE(progress.needs_snapshot(32)) << "it gets one";
}

TEST_F(ProgressTest, ASnapshotGoesOverByChunksThatAreAcknowledged) {
  progress.become_snapshot();
  EXPECT_EQ(progress.sends_chunk(60, now_ns), 0u);
  EXPECT_TRUE(progress.waits_for_answer());
  progress.chunk_acknowledged(59, 4096, {first, last}, now_ns);  // of another one
  EXPECT_TRUE(progress.waits_for_answer());
  progress.chunk_acknowledged(60, 0, {first, last}, now_ns);  // busy
  EXPECT_TRUE(progress.waits_for_answer());
  progress.chunk_acknowledged(60, 4096, {first, last}, now_ns);
  EXPECT_FALSE(progress.waits_for_answer());
  EXPECT_EQ(progress.sends_chunk(60, now_ns), 4096u);
  EXPECT_EQ(progress.sends_chunk(90, now_ns), 0u) << "a newer one begins anew";
}

TEST_F(ProgressTest, AChunkThatIsAcknowledgedInAnotherModeCountsForNothing) {
  progress.become_snapshot();
  progress.sends_chunk(60, now_ns);
  progress.become_probe(0);
  progress.sends_probe();
  progress.chunk_acknowledged(60, 4096, {first, last}, now_ns);
  EXPECT_TRUE(progress.waits_for_answer());
}

TEST_F(ProgressTest, AfterASnapshotItIsReplicatedToFromWhereTheLogGoesOn) {
  first = 61;
  progress.become_snapshot();
  acknowledge(20);  // of an append before
  EXPECT_EQ(progress.mode(), Mode::kSnapshot);
  acknowledge(60);
  EXPECT_EQ(progress.mode(), Mode::kReplicate);
  EXPECT_EQ(progress.next(), 61u);
}

TEST_F(ProgressTest, WaitsSinceTheFirstEntriesThatHaveNoAcknowledgement) {
  acknowledge(10);
  acknowledge(last);
  EXPECT_EQ(progress.waiting_since_ns(), 0);
  last = 120;
  progress.sends_append(false, commit, 2000);  // a heartbeat
  EXPECT_EQ(progress.waiting_since_ns(), 0);
  progress.sends_append(true, commit, 3000);
  progress.sends_append(true, commit, 4000);
  EXPECT_EQ(progress.waiting_since_ns(), 3000);
  now_ns = 5000;
  acknowledge(110);
  EXPECT_EQ(progress.waiting_since_ns(), 5000) << "it moves: the rest waits from now on";
  acknowledge(110);
  now_ns = 6000;
  acknowledge(110);
  EXPECT_EQ(progress.waiting_since_ns(), 5000) << "no news is no progress";
  acknowledge(120);
  EXPECT_EQ(progress.waiting_since_ns(), 0);
}

TEST_F(ProgressTest, RemembersWhatWasSentLast) {
  progress.sends_append(false, 7, 2000);
  EXPECT_EQ(progress.sent_commit(), 7u);
  EXPECT_EQ(progress.last_sent_ns(), 2000);
  progress.become_snapshot();
  progress.sends_chunk(60, 3000);
  EXPECT_EQ(progress.last_sent_ns(), 3000);
}

}  // namespace
}  // namespace tandem::repl

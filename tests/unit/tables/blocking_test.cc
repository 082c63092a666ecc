// tables/blocking.h: that a session which cannot be had is an error, as of a process that has no
// descriptor left.
#include "tables/blocking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pg/fixture.h"
#include "support/no_descriptors.h"

namespace tandem::tables {
namespace {

class BlockingOnServer : public pg::ServerTest {};

TEST_F(BlockingOnServer, WithoutADescriptorThereIsNoSession) {
  {
    const support::NoDescriptors none;
    const auto session = BlockingSession::open(options(), {});
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().message, "cannot make an event loop: too many open files");
  }
  const auto session = BlockingSession::open(options(), {});
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_TRUE((*session)->run(pg::one("SELECT 1")));
}

TEST_F(BlockingOnServer, WhatWaitsForALockInVainSaysWhoHoldsIt) {
  const auto person = connected();
  must(*person, {"CREATE TABLE held (a bigint)"});
  pg::Batch locks(pg::Place::kOpens);
  locks.add_once("LOCK TABLE held");
  ASSERT_TRUE(run(*person, std::move(locks)));
  const std::string pid = "pid " + std::to_string(person->backend_pid()) + " (pg_test, user tester";
  pg::ConnectOptions hasty = options();
  hasty.lock_timeout_ms = 2'000;
  const auto session = BlockingSession::open(hasty, {});
  ASSERT_TRUE(session);
  const pg::Outcome refused = (*session)->run(pg::one("SELECT a FROM held"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().error.message,
              testing::HasSubstr(": it waited for a lock of " + pid));
  ASSERT_TRUE((*session)->run(pg::Batch(pg::Place::kOpens)));
  const Status read = (*session)->read("SELECT a FROM held", {pg::Type::kInt64},
                                       [](const pg::Rows&) { return true; });
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, testing::HasSubstr(pid));
  ASSERT_TRUE(run(*person, pg::Batch(pg::Place::kCloses)));
  must(*person, {"DROP TABLE held"});
}

}  // namespace
}  // namespace tandem::tables

// tables/blocking.h: that a session which cannot be had is an error, as of a process that has no
// descriptor left.
#include "tables/blocking.h"

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

}  // namespace
}  // namespace tandem::tables

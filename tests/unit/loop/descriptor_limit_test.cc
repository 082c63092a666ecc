#include "loop/descriptor_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace tandem::loop {
namespace {

TEST(DescriptorLimitTest, IsRaisedToTheHardOne) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlim_t hard = std::min<rlim_t>(before.rlim_max, 1 << 20);
  rlimit low = before;
  low.rlim_cur = std::min<rlim_t>(hard, 100);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(descriptor_limit(), low.rlim_cur);
  raise_descriptor_limit();
  EXPECT_EQ(descriptor_limit(), hard);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(DescriptorLimitTest, TooFewAreSaid) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 10;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  const Status status = check_descriptor_limit();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kExhausted);
  EXPECT_EQ(status.error().message,
            "only 10 files may be open, 40 are needed: see ulimit -n, LimitNOFILE=");
  EXPECT_TRUE(check_descriptor_limit());
}

TEST(DescriptorLimitTest, ConnectionsLeaveAReserve) {
  EXPECT_EQ(connections_that_fit(20), 10u);
  EXPECT_EQ(connections_that_fit(128), 64u);
  EXPECT_EQ(connections_that_fit(256), 192u);
  EXPECT_EQ(connections_that_fit(1024), 768u);
  EXPECT_EQ(connections_that_fit(1 << 20), (1u << 20) - 1024);
}

TEST(DescriptorLimitTest, PeersFitIntoHalfOfTheReserve) {
  EXPECT_EQ(peers_that_fit(1), 1u);
  EXPECT_EQ(peers_that_fit(20), 5u);
  EXPECT_EQ(peers_that_fit(256), 32u);
  EXPECT_EQ(peers_that_fit(1024), 128u);
  EXPECT_EQ(peers_that_fit(1 << 20), 512u);
}

}  // namespace
}  // namespace tandem::loop

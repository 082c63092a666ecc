#include "base/host_name.h"

#include <gtest/gtest.h>
#include <sys/utsname.h>

namespace tandem {
namespace {

TEST(HostNameTest, IsWhatTheSystemSays) {
  utsname system{};
  ASSERT_EQ(uname(&system), 0);
  EXPECT_EQ(host_name("another"), system.nodename);
}

}  // namespace
}  // namespace tandem

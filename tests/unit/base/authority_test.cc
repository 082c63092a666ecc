#include "base/authority.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

// "HOST PORT", "HOST" without a port, "none".
std::string parts(std::string_view text) {
  const auto authority = split_authority(text);
  if (!authority) return "none";
  const std::string host(authority->host);
  return authority->port ? host + " " + std::string(*authority->port) : host;
}

TEST(SplitAuthority, TellsTheHostFromThePort) {
  EXPECT_EQ(parts("Shop.Example.:80"), "Shop.Example. 80");
  EXPECT_EQ(parts("h"), "h");
  EXPECT_EQ(parts("h:"), "h ");
  EXPECT_EQ(parts("h:0"), "h 0");
  EXPECT_EQ(parts("h:65536"), "h 65536");
  EXPECT_EQ(parts(":80"), " 80");
  EXPECT_EQ(parts(""), "");
  EXPECT_EQ(parts("user@h:80"), "user@h 80");
  EXPECT_EQ(parts("user:word@h:80"), "user word@h:80");
}

TEST(SplitAuthority, LeavesAnIpv6AddressItsBrackets) {
  EXPECT_EQ(parts("[::1]:80"), "[::1] 80");
  EXPECT_EQ(parts("[::1]"), "[::1]");
  EXPECT_EQ(parts("[::1]:"), "[::1] ");
  EXPECT_EQ(parts("[]"), "[]");
  // Without them the first colon is that of the port.
  EXPECT_EQ(parts("::1"), " :1");
}

TEST(SplitAuthority, RefusesBracketsThatAreNone) {
  for (const char* text : {"[", "[::1", "[::1:80", "[::1]80", "[::1]x:80"}) {
    EXPECT_EQ(parts(text), "none") << text;
  }
}

TEST(JoinAuthority, GivesAnIpv6AddressItsBrackets) {
  EXPECT_EQ(join_authority("127.0.0.1", 80), "127.0.0.1:80");
  EXPECT_EQ(join_authority("::1", 65535), "[::1]:65535");
  EXPECT_EQ(join_authority("*", 0), "*:0");
}

}  // namespace
}  // namespace tandem

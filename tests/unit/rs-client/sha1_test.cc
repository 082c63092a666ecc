#include "rs-client/sha1.h"

#include <gtest/gtest.h>

namespace tandem::client {
namespace {

TEST(Sha1, GivesTheDigestsOfTheStandard) {
  EXPECT_EQ(sha1_hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(sha1_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(sha1_hex(std::string(1'000'000, 'a')), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST(Sha1, PadsEveryLengthAroundABlock) {
  EXPECT_EQ(sha1_hex(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(sha1_hex(std::string(55, 'a')), "c1c8bbdc22796e28c0e15163d20899b65621d65a");
  EXPECT_EQ(sha1_hex(std::string(56, 'a')), "c2db330f6083854c99d4b5bfb6e8f29f201be699");
  EXPECT_EQ(sha1_hex(std::string(64, 'a')), "0098ba824b5c16427bd7a1122a5a442a25ec644d");
}

TEST(PasswordDigest, LeavesADigestAsItIs) {
  const std::string digest = "A9993E364706816aba3e25717850c26c9cd0d89d";
  EXPECT_EQ(password_digest(digest), digest);
}

TEST(PasswordDigest, DigestsEverythingElse) {
  EXPECT_EQ(password_digest("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  const std::string too_short(39, 'a');
  EXPECT_EQ(password_digest(too_short), sha1_hex(too_short));
  const std::string no_hex(40, 'g');
  EXPECT_EQ(password_digest(no_hex), sha1_hex(no_hex));
}

}  // namespace
}  // namespace tandem::client

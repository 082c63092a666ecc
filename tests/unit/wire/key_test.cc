#include "wire/key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/ids.h"
#include "wire/key_maker.h"

namespace tandem::wire {
namespace {

using testing::HasSubstr;

TEST(Key, TextUpToTheLimitIsOne) {
  for (const std::string& key : {std::string("k"), std::string(128, 'k'), std::string("Straße 😀"),
                                 std::string("t-1-0123456789abcdef"), std::string(32, '\xf0')}) {
    const bool text = key[0] != '\xf0';
    EXPECT_EQ(check_key(key).has_value(), text) << key;
  }
}

TEST(Key, TheRuleSaysWhatIsWrong) {
  EXPECT_THAT(check_key("").error().message, HasSubstr("empty"));
  EXPECT_THAT(check_key(std::string(129, 'k')).error().message, HasSubstr("129 bytes"));
  EXPECT_THAT(check_key("k\xff\xfe").error().message, HasSubstr("UTF-8"));
  EXPECT_THAT(check_key("\xed\xb0\x80").error().message, HasSubstr("UTF-8"));
  for (const std::string& key : {std::string("a\0b", 3), std::string("a\x7f"), std::string("\tb"),
                                 std::string("\xc2\x85")}) {
    EXPECT_THAT(check_key(key).error().message, HasSubstr("control character"));
    EXPECT_EQ(check_key(key).error().kind, ErrorKind::kBadInput);
  }
}

// --- keys that are made ---

constexpr int64_t kNow = 1'000'000'000'000;

TEST(KeyMaker, TellsOfTheNewestIndexThatItHasHeard) {
  KeyMaker maker;
  maker.heard(7, kNow);
  maker.heard(5, kNow + 1);
  maker.heard(0, kNow + 2);
  EXPECT_EQ(key_birth(maker.make(kNow + 3)), 7);
}

TEST(KeyMaker, TellsOfNoneWhereItHasHeardNothingLately) {
  KeyMaker maker;
  EXPECT_FALSE(key_birth(maker.make(kNow)));
  maker.heard(7, kNow);
  maker.heard(5, kNow + 1);
  EXPECT_TRUE(key_birth(maker.make(kNow + KeyMaker::kFreshNs)));
  EXPECT_FALSE(key_birth(maker.make(kNow + KeyMaker::kFreshNs + 1)));
  maker.heard(7, kNow + KeyMaker::kFreshNs);
  EXPECT_EQ(key_birth(maker.make(kNow + KeyMaker::kFreshNs + 1)), 7);
}

}  // namespace
}  // namespace tandem::wire

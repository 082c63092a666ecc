#include "wire/key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/ids.h"

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

TEST(Key, WhatLooksMadeIsLoggedAsAClients) {
  for (const std::string key : {"t-1-0123456789abcdef", "t-9223372036854775807-0000000000000001",
                                "t-1700000000000-ffffffffffffffff", "c-t-1-0123456789abcdef"}) {
    const std::string logged = logged_key(key);
    EXPECT_LT(key_birth_ms(logged), 0) << logged;
    EXPECT_NE(logged, key);
    EXPECT_EQ(client_key(logged), key);
    EXPECT_TRUE(check_logged_key(logged));
  }
  // Leading zeros: as long as a key may be, and the mark before it.
  const std::string longest = "t-" + std::string(109, '0') + "-0123456789abcdef";
  ASSERT_EQ(longest.size(), kMaxKeyBytes);
  EXPECT_TRUE(check_logged_key(logged_key(longest)));
  EXPECT_FALSE(check_logged_key(std::string(129, 'k')));
  EXPECT_FALSE(check_logged_key("c-" + std::string(128, 'k')));
}

TEST(Key, OthersAreLoggedAsTheyAre) {
  const std::string made = make_key(1'700'000'000'000);
  for (const std::string& key :
       {std::string("basket-1"), std::string("c-1"), std::string("t-"), made}) {
    EXPECT_EQ(logged_key(key), key);
    EXPECT_EQ(client_key(key), key);
  }
  // Not the made one that it has inside.
  EXPECT_NE(logged_key("c-" + made), "c-" + made);
}

}  // namespace
}  // namespace tandem::wire

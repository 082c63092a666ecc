#include "base/number.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace tandem {
namespace {

TEST(Number, IsTheWholeText) {
  EXPECT_EQ(parse_number<int64_t>("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(parse_number<uint64_t>("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_number<uint16_t>("0080"), uint16_t{80});
  EXPECT_EQ(parse_number<double>("0.25"), 0.25);
  for (const char* text : {"", " 1", "1 ", "+1", "1x", "x1", "0x1", "1.0", "--1", "-"}) {
    EXPECT_EQ(parse_number<int64_t>(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_number<int64_t>({}), std::nullopt);
}

TEST(Number, FitsItsTypeAndItsBounds) {
  EXPECT_EQ(parse_number<uint16_t>("65536"), std::nullopt);
  EXPECT_EQ(parse_number<uint64_t>("-1"), std::nullopt);
  EXPECT_EQ(parse_number<int64_t>("9223372036854775808"), std::nullopt);
  EXPECT_EQ(parse_number<int64_t>("0", 1), std::nullopt);
  EXPECT_EQ(parse_number<int64_t>("1", 1, 5), 1);
  EXPECT_EQ(parse_number<int64_t>("5", 1, 5), 5);
  EXPECT_EQ(parse_number<int64_t>("6", 1, 5), std::nullopt);
  for (const char* text : {"nan", "inf", "-0.1", "1.1"}) {
    EXPECT_EQ(parse_number<double>(text, 0, 1), std::nullopt) << text;
  }
}

TEST(Number, InHexIsOfEitherCase) {
  EXPECT_EQ(parse_hex<uint32_t>("dEadBeef"), 0xdeadbeef);
  for (const char* text : {"", "g", "0x1", "100000000", "-1", " 1"}) {
    EXPECT_EQ(parse_hex<uint32_t>(text), std::nullopt) << text;
  }
}

TEST(Number, OfDigitsIsTheLargestWhereTheySayMore) {
  EXPECT_EQ(parse_digits<int64_t>("007"), 7);
  EXPECT_EQ(parse_digits<int64_t>("9223372036854775808"), INT64_MAX);
  for (const char* text : {"", "-1", "1a"}) {
    EXPECT_FALSE(are_digits(text)) << text;
    EXPECT_EQ(parse_digits<int64_t>(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace tandem

#include "toys/price.h"

#include <gtest/gtest.h>

namespace tandem::toys {
namespace {

Result<int64_t> of_json(std::string_view text) {
  const auto json = wire::parse_request_json(text);
  EXPECT_TRUE(json) << text;
  return price_of(*json, "price");
}

TEST(PriceTest, HasTwoDecimals) {
  EXPECT_EQ(format_price(1599), "15.99");
  EXPECT_EQ(format_price(2000), "20.00");
  EXPECT_EQ(format_price(5), "0.05");
  EXPECT_EQ(format_price(0), "0.00");
  EXPECT_EQ(format_price(kMaxPriceCents), "1000000000.00");
}

TEST(PriceTest, ATextIsDigitsWithAtMostTwoDecimals) {
  EXPECT_EQ(parse_price("15.99", "price"), 1599);
  EXPECT_EQ(parse_price("15.9", "price"), 1590);
  EXPECT_EQ(parse_price("15", "price"), 1500);
  EXPECT_EQ(parse_price("0", "price"), 0);
  EXPECT_EQ(parse_price("0.01", "price"), 1);
  EXPECT_EQ(parse_price("1000000000.00", "price"), kMaxPriceCents);
  for (const char* text :
       {"", ".", "1.", ".5", "1.999", "1,5", "-1", "+1", " 1", "1 ", "1e3", "0x1", "1000000000.01",
        "1000000001", "99999999999999999999999999", "1.-1", "nan", "--1", "1.2.3"}) {
    EXPECT_FALSE(parse_price(text, "price")) << text;
  }
}

TEST(PriceTest, AJsonNumberIsTakenForTheShortestTextThatIsIt) {
  EXPECT_EQ(of_json("15.99"), 1599);
  EXPECT_EQ(of_json("15.990"), 1599);
  EXPECT_EQ(of_json("15.990000000000000000000"), 1599);
  EXPECT_EQ(of_json("20.0000000000000000000"), 2000);
  EXPECT_EQ(of_json("15"), 1500);
  EXPECT_EQ(of_json("1e3"), 100000);
  EXPECT_EQ(of_json("0.1"), 10);
  EXPECT_EQ(of_json("0"), 0);
  EXPECT_EQ(of_json("-0.0"), 0);
  EXPECT_EQ(of_json("999999999.99"), kMaxPriceCents - 1);
  EXPECT_EQ(of_json("1000000000.00"), kMaxPriceCents);
  for (const char* text : {"15.999", "0.001", "1e-7", "-1", "-0.01", "1000000000.01", "1000000001",
                           "19.999999999999999999", "15.9900000000000001",
                           "0.0100000000000000000000001", "99999999999999999999", "1e300",
                           "9223372036854775807", "\"15.99\"", "null", "true", "[1]"}) {
    EXPECT_FALSE(of_json(text)) << text;
  }
}

// Every price up to 100.00, and some at the upper end: written and read as JSON.
TEST(PriceTest, WhatIsWrittenReadsAsTheSame) {
  for (int64_t cents = 0; cents <= 10000; ++cents) ASSERT_EQ(of_json(format_price(cents)), cents);
  for (int64_t cents = kMaxPriceCents - 1000; cents <= kMaxPriceCents; ++cents) {
    ASSERT_EQ(of_json(format_price(cents)), cents);
    ASSERT_EQ(parse_price(format_price(cents), "price"), cents);
  }
}

TEST(PriceTest, AnErrorNamesTheFieldAndWhatWasThere) {
  const auto refused = parse_price("cheap", "new price");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kBadInput);
  EXPECT_EQ(refused.error().message,
            "new price must be a number from 0 to 1000000000 with at most two decimals, "
            "not 'cheap'");
  EXPECT_TRUE(
      of_json("99999999999999999999").error().message.ends_with("not 99999999999999999999"));
  EXPECT_TRUE(of_json("1e999").error().message.ends_with("not 1e999"));
  EXPECT_LT(of_json(std::string(100000, '1')).error().message.size(), 200U);
  EXPECT_LT(parse_price(std::string(100000, '1'), "price").error().message.size(), 200U);
}

}  // namespace
}  // namespace tandem::toys

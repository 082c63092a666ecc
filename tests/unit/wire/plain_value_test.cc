#include "wire/plain_value.h"

#include <gtest/gtest.h>

namespace tandem::wire {
namespace {

TEST(PlainValue, LosesOnePairOfQuotes) {
  for (const char* text : {"bob", "'bob'", "\"bob\""}) EXPECT_EQ(plain_value(text), "bob");
  for (const char* text : {"", "''", "\"\""}) EXPECT_EQ(plain_value(text), "");
  EXPECT_EQ(plain_value("o'neil"), "o'neil");
  EXPECT_EQ(plain_value("\"o'neil\""), "o'neil");
  for (const char* text : {"a=b", "'a=b'", "\"a=b\""}) EXPECT_EQ(plain_value(text), "a=b");
  EXPECT_EQ(plain_value("'=b'"), "=b");
}

TEST(PlainValue, WhatIsMeantOtherwiseIsRefused) {
  for (const char* text :
       {"'", "\"", "'bob", "bob'", "\"bob", "bob\"", "'bob\"", "''bob''", "'\"bob\"'", "'o'neil'",
        "'''", "=bob", "='bob'", "='bob", "'a' and b='c'"}) {
    const auto refused = plain_value(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().kind, ErrorKind::kBadInput);
  }
}

}  // namespace
}  // namespace tandem::wire

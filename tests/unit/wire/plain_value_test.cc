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
  EXPECT_EQ(plain_value("'b;'"), "b;");
  EXPECT_EQ(plain_value("a;b"), "a;b");
  EXPECT_EQ(plain_value("'\u201cb\u201d'"), "\u201cb\u201d");
  EXPECT_EQ(plain_value("o\u2019neil"), "o\u2019neil");
}

TEST(PlainValue, WhatIsMeantOtherwiseIsRefused) {
  for (const char* text : {"'",
                           "\"",
                           "'bob",
                           "bob'",
                           "\"bob",
                           "bob\"",
                           "'bob\"",
                           "''bob''",
                           "'\"bob\"'",
                           "'o'neil'",
                           "'''",
                           "=bob",
                           "='bob'",
                           "='bob",
                           "'a' and b='c'",
                           "\u201cbob\u201d",
                           "\u201ebob\u201c",
                           "\u2018bob\u2019",
                           "\u00abbob\u00bb",
                           "`bob`",
                           "bob`",
                           "\u00b4bob\u00b4",
                           "bob;",
                           "'bob';",
                           ";"}) {
    const auto refused = plain_value(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().kind, ErrorKind::kBadInput);
  }
}

}  // namespace
}  // namespace tandem::wire

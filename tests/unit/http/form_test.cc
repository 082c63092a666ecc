#include "http/form.h"

#include <gtest/gtest.h>

namespace tandem::http {
namespace {

std::string parsed(std::string_view text) {
  std::string storage;
  std::vector<NameValue> pairs;
  if (!parse_form(text, storage, pairs)) return "error";
  std::string out;
  for (const NameValue& each : pairs) {
    out += "[" + std::string(each.name) + "|" + std::string(each.value) + "]";
  }
  return out;
}

TEST(FormTest, Pairs) {
  EXPECT_EQ(parsed(""), "");
  EXPECT_EQ(parsed("a=1&b=2"), "[a|1][b|2]");
  EXPECT_EQ(parsed("a=1&c=2&"), "[a|1][c|2]");
  EXPECT_EQ(parsed("a&=b&&c="), "[a|][|b][c|]");
  EXPECT_EQ(parsed("a=b=c"), "[a|b=c]");
}

TEST(FormTest, HasABoundedNumberOfFields) {
  std::string text;
  for (size_t i = 0; i < kMaxFields; ++i) text += std::to_string(i) + "=&";
  std::string storage;
  std::vector<NameValue> pairs;
  EXPECT_TRUE(parse_form(text, storage, pairs));
  const Status more = parse_form(text + "b", storage, pairs);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().kind, ErrorKind::kTooLarge);
}

TEST(FormTest, ANameIsGivenOnce) {
  std::string storage;
  std::vector<NameValue> pairs;
  for (const char* text : {"source=22&source=99", "a=1&b=2&%61=1", "a&a", "a=1&b&a=2"}) {
    const Status twice = parse_form(text, storage, pairs);
    ASSERT_FALSE(twice) << text;
    EXPECT_EQ(twice.error().kind, ErrorKind::kBadInput);
  }
  EXPECT_TRUE(parse_form("a=1&A=1&aa=1", storage, pairs));
}

TEST(FormTest, Escapes) {
  EXPECT_EQ(parsed("na%6de=a+b%2B%26"), "[name|a b+&]");
  EXPECT_EQ(parsed("x=%E2%82%AC"), "[x|\xe2\x82\xac]");
}

TEST(FormTest, BrokenEscapesAndTextAreErrors) {
  for (const char* bad : {"a=%", "a=%1", "%g1=a", "a=%00", "a=%80", "a=%C3"}) {
    EXPECT_EQ(parsed(bad), "error") << bad;
  }
}

TEST(FormTest, Utf8) {
  for (const char* good :
       {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_clean_utf8(good)) << good;
  }
  for (const char* bad :
       {"\x80", "\xc0\xaf", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xe2\x82", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    EXPECT_FALSE(is_clean_utf8(bad)) << bad;
  }
  EXPECT_FALSE(is_clean_utf8(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace tandem::http

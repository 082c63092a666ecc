#include "wire/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace tandem::wire {
namespace {

TEST(Utf8, TheLengthOfACharacterIsThatOfItsForm) {
  EXPECT_EQ(utf8_length("a"), 1u);
  EXPECT_EQ(utf8_length("é…"), 2u);
  EXPECT_EQ(utf8_length("…"), 3u);
  EXPECT_EQ(utf8_length("😀a"), 4u);
}

TEST(Utf8, MalformedFormsAreNone) {
  for (const std::string text :
       {"\x80", "\xff", "\xfe", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x80",
        "\xf0\x9f\x98", "\xc3", "\xc3(", "\xe2(\xa1", "\xf0(\x8c\xbc"}) {
    EXPECT_EQ(utf8_length(text), 0u) << testing::PrintToString(text);
    EXPECT_FALSE(is_utf8("ok" + text)) << testing::PrintToString(text);
  }
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("aé…😀\xef\xbf\xbf\xf4\x8f\xbf\xbf"));
}

TEST(Utf8, ControlCharactersAreThoseOfUnicode) {
  for (const std::string& text :
       {std::string(1, '\0'), std::string("\x1f"), std::string("\n"), std::string("\x7f"),
        std::string("\xc2\x80"), std::string("\xc2\x9f")}) {
    EXPECT_TRUE(has_control_character("a" + text + "b")) << testing::PrintToString(text);
  }
  EXPECT_FALSE(has_control_character("a b~\xc2\xa0\xc3\x80…😀"));
}

TEST(Utf8, IsCutBetweenCharacters) {
  EXPECT_EQ(shortened("abc", 3), "abc");
  EXPECT_EQ(shortened("abcd", 3), "abc…");
  EXPECT_EQ(shortened("aé…", 2), "a…");
  EXPECT_EQ(shortened("aé…", 3), "aé…");
  EXPECT_EQ(shortened("\x80\x80", 1), "…");
}

}  // namespace
}  // namespace tandem::wire

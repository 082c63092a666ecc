#include "rs-client/printable.h"

#include <gtest/gtest.h>

#include <clocale>

namespace tandem::client {
namespace {

TEST(Printable, LeavesTextAsItIs) { EXPECT_EQ(printable("Ännchen 安 🚗"), "Ännchen 安 🚗"); }

TEST(Printable, TakesTheTeethOutOfEscapeSequences) {
  EXPECT_EQ(printable("\033[2J\a"), "\\x1b[2J\\x07");
  EXPECT_EQ(printable("\u009b31m"), "\\xc2\\x9b31m");
  EXPECT_EQ(printable("a\nb\tc\rd"), "a\\nb\\tc\\rd");
}

TEST(Printable, ShowsMarksThatTurnTheDirection) {
  EXPECT_EQ(printable("a\u202eb"), "a\\xe2\\x80\\xaeb");
}

TEST(Printable, ShowsBytesThatAreNotUtf8) {
  EXPECT_EQ(printable("a\xff"), "a\\xff");
  EXPECT_EQ(printable("\xc3"), "\\xc3");
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");
}

TEST(TsvEscaped, CanBeTurnedBack) {
  EXPECT_EQ(tsv_escaped("a\tb\nc\\d\re"), "a\\tb\\nc\\\\d\\re");
  EXPECT_EQ(tsv_escaped("ä"), "ä");
}

TEST(TsvEscaped, NeverHasWhatATerminalObeys) {
  EXPECT_EQ(tsv_escaped("\033[2J\a"), "\\x1b[2J\\x07");
  EXPECT_EQ(tsv_escaped("a\x7f"), "a\\x7f");
  EXPECT_EQ(tsv_escaped("\u009b31m"), "\\xc2\\x9b31m");
  EXPECT_EQ(tsv_escaped("a\x9b"), "a\\x9b");
  // What is no escape sequence but looks like one can be told from it.
  EXPECT_EQ(tsv_escaped("\\x1b"), "\\\\x1b");
}

TEST(PrintableJson, StaysTheSameJson) {
  EXPECT_EQ(printable_json("[\"a\x7f\u009b\u202e\"]"), "[\"a\\u007f\\u009b\\u202e\"]");
  EXPECT_EQ(printable_json("{\"ä\":\t\"\\u001b\"}"), "{\"ä\":\t\"\\u001b\"}");
  EXPECT_EQ(printable_json("\"\xff\""), "\"\\ufffd\"");
}

TEST(DisplayWidth, CountsColumnsNotBytes) {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("äöü"), 3u);
  EXPECT_EQ(display_width("安全"), 4u);
}

}  // namespace
}  // namespace tandem::client

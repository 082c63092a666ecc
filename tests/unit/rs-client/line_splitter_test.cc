#include "rs-client/line_splitter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tandem::client {
namespace {

using Numbered = std::pair<uint64_t, std::string>;

std::vector<Numbered> take_all(LineSplitter& splitter) {
  std::vector<Numbered> lines;
  while (const auto line = splitter.next()) {
    lines.emplace_back(line->number, line->too_long ? "(too long)" : line->text);
  }
  return lines;
}

TEST(LineSplitter, GivesTheSameLinesHoweverTheBytesAreCut) {
  const std::string text = "one\n\ntwo\r\n \nthree and more\nfour";
  const std::vector<Numbered> expected = {
      {1, "one"}, {3, "two"}, {5, "three and more"}, {6, "four"}};
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    LineSplitter splitter(100);
    std::vector<Numbered> lines;
    for (size_t at = 0; at < text.size(); at += piece) {
      splitter.feed(std::string_view(text).substr(at, piece));
      for (auto& line : take_all(splitter)) lines.push_back(line);
    }
    splitter.end();
    for (auto& line : take_all(splitter)) lines.push_back(line);
    EXPECT_EQ(lines, expected) << "in pieces of " << piece;
    EXPECT_TRUE(splitter.done());
  }
}

TEST(LineSplitter, WaitsForTheEndOfALine) {
  LineSplitter splitter(100);
  splitter.feed("on");
  EXPECT_FALSE(splitter.next());
  splitter.feed("e\n");
  EXPECT_EQ(splitter.next()->text, "one");
  EXPECT_FALSE(splitter.done());
}

TEST(LineSplitter, NamesALineThatIsTooLongAndGoesOn) {
  const std::string text = "12345\n123456\n1234567890123456\nok\n123456789";
  const std::vector<Numbered> expected = {
      {1, "12345"}, {2, "(too long)"}, {3, "(too long)"}, {4, "ok"}, {5, "(too long)"}};
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    LineSplitter splitter(5);
    std::vector<Numbered> lines;
    for (size_t at = 0; at < text.size(); at += piece) {
      splitter.feed(std::string_view(text).substr(at, piece));
      for (auto& line : take_all(splitter)) lines.push_back(line);
    }
    splitter.end();
    for (auto& line : take_all(splitter)) lines.push_back(line);
    EXPECT_EQ(lines, expected) << "in pieces of " << piece;
    EXPECT_TRUE(splitter.done());
  }
}

TEST(LineSplitter, IsDoneAfterNothing) {
  LineSplitter splitter(5);
  EXPECT_FALSE(splitter.done());
  splitter.end();
  EXPECT_FALSE(splitter.next());
  EXPECT_TRUE(splitter.done());
}

}  // namespace
}  // namespace tandem::client

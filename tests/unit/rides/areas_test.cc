#include "rides/areas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tandem::rides {
namespace {

using testing::HasSubstr;

std::string problem_of(std::string_view text) {
  const auto areas = parse_areas(text);
  if (areas) return "none";
  EXPECT_EQ(areas.error().kind, ErrorKind::kBadInput);
  return areas.error().message;
}

TEST(Areas, ReadsNumbersAndNamesAfterTheHeader) {
  const auto areas = parse_areas("Area No,Area Name\n1,Kempegowda Ward\n198,Hemmigepura\n");
  ASSERT_TRUE(areas);
  EXPECT_EQ(areas->size(), 2u);
  EXPECT_TRUE(areas->contains(1));
  EXPECT_FALSE(areas->contains(2));
  ASSERT_NE(areas->name(198), nullptr);
  EXPECT_EQ(*areas->name(198), "Hemmigepura");
  EXPECT_EQ(areas->name(0), nullptr);
  EXPECT_EQ(areas->to_json(),
            R"([{"area":1,"name":"Kempegowda Ward"},{"area":198,"name":"Hemmigepura"}])");
}

TEST(Areas, TheHeaderIsNeverTakenForAnArea) {
  const auto areas = parse_areas("1,looks like an area\n2,is one\n");
  ASSERT_TRUE(areas);
  EXPECT_FALSE(areas->contains(1));
}

TEST(Areas, TakesCrLfByteOrderMarkEmptyLinesAndNoLastNewline) {
  const auto areas = parse_areas("\xEF\xBB\xBFno,name\r\n1,a\r\n\r\n2,b");
  ASSERT_TRUE(areas);
  EXPECT_EQ(*areas->name(1), "a");
  EXPECT_EQ(*areas->name(2), "b");
}

TEST(Areas, TakesQuotedNames) {
  const auto areas = parse_areas("no,name\n1,\"a, b\"\n2,\"say \"\"hi\"\"\"\n\"3\",c\n");
  ASSERT_TRUE(areas);
  EXPECT_EQ(*areas->name(1), "a, b");
  EXPECT_EQ(*areas->name(2), "say \"hi\"");
  EXPECT_EQ(*areas->name(3), "c");
}

TEST(Areas, NamesEachBadLineByItsNumber) {
  EXPECT_EQ(problem_of("no,name\nx,a\n2,b\n3\n"),
            "line 2: 'x' is not a positive number; line 4: expected 'number,name', not 1 field(s)");
  EXPECT_EQ(problem_of("no,name\n1,a\n\n1,b\n"), "line 4: area 1 is there already");
  EXPECT_EQ(problem_of("no,name\n1,\n"), "line 2: the name is empty");
  EXPECT_EQ(problem_of("no,name\n1,a,b\n"), "line 2: expected 'number,name', not 3 field(s)");
}

TEST(Areas, RefusesNumbersThatAreNoAreaNumbers) {
  for (const char* number : {"0", "-1", "+1", " 1", "1.0", "", "99999999999999999999", "0x1"}) {
    EXPECT_THAT(problem_of("no,name\n" + std::string(number) + ",a\n"),
                HasSubstr("is not a positive number"))
        << number;
  }
}

TEST(Areas, RefusesBrokenQuotes) {
  for (const char* line : {"1,\"a", "1,\"a\"b", "1,a\"b", "\"1,a"}) {
    EXPECT_EQ(problem_of("no,name\n" + std::string(line) + "\n"), "line 2: broken quotes") << line;
  }
}

TEST(Areas, NamesTheFirstTenBadLinesAndCountsTheRest) {
  std::string text = "no,name\n";
  for (int i = 0; i < 12; ++i) text += "x,a\n";
  const std::string problem = problem_of(text);
  EXPECT_THAT(problem, HasSubstr("line 11: "));
  EXPECT_THAT(problem, testing::Not(HasSubstr("line 12: ")));
  EXPECT_TRUE(problem.ends_with("; and 2 more"));
}

TEST(Areas, RefusesAFileWithoutAnArea) {
  EXPECT_EQ(problem_of(""), "no area after the header line");
  EXPECT_EQ(problem_of("no,name\n"), "no area after the header line");
}

}  // namespace
}  // namespace tandem::rides

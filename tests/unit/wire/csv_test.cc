#include "wire/csv.h"

#include <gtest/gtest.h>

namespace tandem::wire {
namespace {

using Fields = std::vector<std::string>;

TEST(CsvTest, ARecordIsSplitAtCommas) {
  Fields fields;
  EXPECT_TRUE(split_csv_record("a,b c,,d", fields));
  EXPECT_EQ(fields, (Fields{"a", "b c", "", "d"}));
  EXPECT_TRUE(split_csv_record("", fields));
  EXPECT_EQ(fields, (Fields{""}));
}

TEST(CsvTest, AFieldInQuotesMayHoldCommasAndQuotes) {
  Fields fields;
  EXPECT_TRUE(split_csv_record(R"("a,b","say ""hi""","")", fields));
  EXPECT_EQ(fields, (Fields{"a,b", "say \"hi\"", ""}));
}

TEST(CsvTest, BrokenQuotesAreRefused) {
  Fields fields;
  for (const char* line : {"\"a", "\"a\"b", "a\"b", "a,\"", "\"a\"\"", "\"a\" ,b"}) {
    EXPECT_FALSE(split_csv_record(line, fields)) << line;
  }
}

TEST(CsvTest, LinesEndWithLfOrCrLfOrTheText) {
  std::string_view text = without_byte_order_mark(
      "\xEF\xBB\xBF"
      "a\r\n\nb\rc\nd");
  EXPECT_EQ(take_line(text), "a");
  EXPECT_EQ(take_line(text), "");
  EXPECT_EQ(take_line(text), "b\rc");
  EXPECT_EQ(take_line(text), "d");
  EXPECT_TRUE(text.empty());
}

std::string problems_of(std::string_view text, CsvForm form) {
  const Status read = read_csv(text, form, [](std::vector<std::string>& fields) {
    return fields[0] == "bad" ? "is bad" : std::string();
  });
  return read ? "" : read.error().message;
}

TEST(CsvTest, TheRowsBelowTheHeaderAreGivenInOrder) {
  std::vector<std::vector<std::string>> rows;
  const auto take = [&rows](std::vector<std::string>& fields) {
    rows.push_back(fields);
    return std::string();
  };
  EXPECT_TRUE(
      read_csv("\xEF\xBB\xBFwhatever\r\n1,a\n\n#2,\"b, c\"", {"number,name", "line "}, take));
  EXPECT_EQ(rows, (std::vector<std::vector<std::string>>{{"1", "a"}, {"#2", "b, c"}}));
}

TEST(CsvTest, BadLinesAreNamedUpToTenAndTheRestIsCounted) {
  const CsvForm form{"number,name", "line "};
  EXPECT_EQ(
      problems_of("h\nbad,a\n1,b\n2\n\"3,c", form),
      "line 2: is bad; line 4: expected 'number,name', not 1 field(s); line 5: broken quotes");
  std::string text = "h\n";
  for (int i = 0; i < 12; ++i) text += "bad,a\n";
  const std::string problems = problems_of(text, form);
  EXPECT_NE(problems.find("line 11: is bad; and 2 more"), std::string::npos) << problems;
}

TEST(CsvTest, TheHeaderMayHaveToNameTheColumnsAndLinesMayBeComments) {
  const CsvForm form{
      .columns = "a,b", .place = "x.csv:", .header_is_columns = true, .has_comments = true};
  EXPECT_EQ(problems_of("# first\na,b\n# second\n1,2\n", form), "");
  EXPECT_EQ(problems_of("# first\n1,2\n", form), "x.csv:2: the first line must be 'a,b'");
  EXPECT_EQ(problems_of("", form), "x.csv:1: the first line must be 'a,b'");
  EXPECT_EQ(problems_of("", {"a,b", "line "}), "");
}

}  // namespace
}  // namespace tandem::wire

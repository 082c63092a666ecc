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

}  // namespace
}  // namespace tandem::wire

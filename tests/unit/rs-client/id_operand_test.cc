#include "rs-client/id_operand.h"

#include <gtest/gtest.h>

namespace tandem::client {
namespace {

TEST(IdOperand, IsDigitsAboveZero) {
  for (const char* text : {"1", "007", "99999999999999999999"}) EXPECT_TRUE(can_be_id(text));
  for (const char* text : {"", "0", "000", "-1", "+1", " 1", "1 ", "1.0", "1e3", "count", "０"}) {
    EXPECT_FALSE(can_be_id(text)) << text;
  }
}

TEST(IdOperand, ReadsLists) {
  const auto parse = [](const std::string& list) { return parse_ids(list, "worker", "see"); };
  EXPECT_EQ(parse("3,01").value(), (wire::Json::Array{3, 1}));
  for (const char* list : {"", ",", "1,", ",1", "1,,2", "1, 2", "x", "1,0"}) {
    ASSERT_FALSE(parse(list)) << list;
    EXPECT_EQ(parse(list).error().kind, ErrorKind::kUsage) << list;
  }
  EXPECT_EQ(parse("1,x").error().message, "'x' is no id of a worker: see");
  for (const char* list : {"4294967296", "1,99999999999999999999"}) {
    ASSERT_FALSE(parse(list)) << list;
    EXPECT_EQ(parse(list).error().kind, ErrorKind::kNotFound) << list;
  }
}

}  // namespace
}  // namespace tandem::client

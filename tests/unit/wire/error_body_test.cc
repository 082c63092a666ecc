#include "wire/error_body.h"

#include <gtest/gtest.h>

namespace tandem::wire {
namespace {

TEST(ErrorBody, ItsMessageIsRead) {
  EXPECT_EQ(error_message(R"({"error":{"code":503,"message":"not now"}})"), "not now");
}

TEST(ErrorBody, OtherBodiesHaveNone) {
  EXPECT_EQ(error_message(""), std::nullopt);
  EXPECT_EQ(error_message("no JSON"), std::nullopt);
  EXPECT_EQ(error_message(R"({"data":{}})"), std::nullopt);
  EXPECT_EQ(error_message(R"({"error":"text"})"), std::nullopt);
  EXPECT_EQ(error_message(R"({"error":{"message":7}})"), std::nullopt);
}

}  // namespace
}  // namespace tandem::wire

#include "wire/error_body.h"

#include <gtest/gtest.h>

namespace tandem::wire {
namespace {

TEST(ErrorBody, IsOneObject) {
  EXPECT_EQ(error_body(400, "no \"x\""), R"({"error":{"code":400,"message":"no \"x\""}})");
  EXPECT_EQ(error_body(409, "taken", ",\"condition\":0"),
            R"({"error":{"code":409,"message":"taken","condition":0}})");
}

TEST(ErrorBody, IsReadBack) {
  EXPECT_EQ(error_message_in(error_body(404, "there is no 'ü'")), "there is no 'ü'");
  for (const char* body : {"", "no JSON", "[]", R"({"message":"m"})", R"({"error":{"code":1}})",
                           R"({"error":"m"})", R"({"error":{"message":1}})"}) {
    EXPECT_EQ(error_message_in(body), std::nullopt) << body;
  }
  EXPECT_EQ(*error_in(R"({"error":{"condition":3}})")->find("condition"), Json(3));
  EXPECT_EQ(error_in(R"({"errors":1})"), std::nullopt);
}

}  // namespace
}  // namespace tandem::wire

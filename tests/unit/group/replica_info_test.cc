#include "group/replica_info.h"

#include <gtest/gtest.h>

#include "wire/envelope.h"

namespace tandem::group {
namespace {

std::optional<wire::Json> told(const wire::Response& response) {
  std::string bytes;
  wire::encode(response, bytes);
  return told_info(std::string_view(bytes));
}

TEST(ReplicaInfo, IsAskedForByItsMethodAlone) {
  const std::string question = info_question();
  wire::Request request;
  ASSERT_TRUE(wire::decode(question, request));
  EXPECT_EQ(request.method, wire::Method::kWorkerInfo);
  EXPECT_EQ(request.body, "");
}

TEST(ReplicaInfo, IsWhatWasToldAndNothingElse) {
  EXPECT_EQ(told({200, 0, R"({"orders":7})"})->dump(), R"({"orders":7})");
  EXPECT_FALSE(told({503, 0, R"({"error":"x"})"}));
  EXPECT_FALSE(told({200, 0, "{"}));
  EXPECT_FALSE(told_info(std::string_view("x")));
  EXPECT_FALSE(told_info(fail(ErrorKind::kTimeout, "no answer")));
}

}  // namespace
}  // namespace tandem::group

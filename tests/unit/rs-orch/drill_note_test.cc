#include "drill_note.h"

#include <gtest/gtest.h>

#include <string>

namespace tandem::orch {
namespace {

TEST(DrillNote, IsTakenAsItIsTold) {
  const auto note = drill_in(
      R"({"event":"drill","drill":"kill-master","verdict":"passed","reason":"SAFE","gap_ms":58,)"
      R"("lost":0,"other":[1]})");
  ASSERT_TRUE(note);
  EXPECT_EQ(note->reason, "SAFE");
  EXPECT_EQ(note->fields.dump(),
            R"({"drill":"kill-master","verdict":"passed","gap_ms":58,"lost":0})");
}

TEST(DrillNote, NothingElseIsTold) {
  const std::string good = R"("drill":"d","verdict":"passed","reason":"r")";
  ASSERT_TRUE(drill_in(R"({"event":"drill",)" + good + "}"));
  for (const std::string& bad :
       {std::string(""), std::string("[]"), std::string("{}"), "{" + good + "}",
        R"({"event":"role",)" + good + "}", R"({"event":"drill",)" + good + R"(,"lost":"0"})",
        std::string(R"({"event":"drill","drill":"d","verdict":"passed"})"),
        std::string(R"({"event":"drill","drill":"d","verdict":"passed","reason":""})"),
        std::string(R"({"event":"drill","drill":1,"verdict":"passed","reason":"r"})"),
        R"({"event":"drill","drill":"d","verdict":")" + std::string(41, 'x') + R"(","reason":"r"})",
        R"({"event":"drill","drill":"d","verdict":"v","reason":")" + std::string(501, 'x') +
            R"("})"}) {
    EXPECT_FALSE(drill_in(bad)) << bad;
  }
}

}  // namespace
}  // namespace tandem::orch

#include "rpc/protocol.h"

#include <gtest/gtest.h>

#include <string>

namespace tandem::rpc {
namespace {

TEST(Protocol, PreambleSurvivesTheWire) {
  std::string message;
  append_preamble(message, {Kind::kData, 1, 2, 3});
  EXPECT_EQ(message.size(), kPreambleBytes);
  message += "rest";
  std::string_view view = message;
  Preamble preamble;
  ASSERT_TRUE(take_preamble(view, preamble));
  EXPECT_EQ(preamble.kind, Kind::kData);
  EXPECT_EQ(preamble.link, 1U);
  EXPECT_EQ(preamble.sequence, 2U);
  EXPECT_EQ(preamble.acknowledged, 3U);
  EXPECT_EQ(view, "rest");
}

TEST(Protocol, RefusesEveryShortPreamble) {
  std::string message;
  append_preamble(message, {Kind::kData, 1, 2, 3});
  for (size_t size = 0; size < message.size(); ++size) {
    std::string_view view = std::string_view(message).substr(0, size);
    Preamble preamble;
    EXPECT_FALSE(take_preamble(view, preamble)) << size;
  }
}

TEST(Protocol, RefusesAnotherVersionAndUnknownKinds) {
  std::string message;
  append_preamble(message, {Kind::kData, 1, 2, 3});
  Preamble preamble;
  for (const char kind : {'\0', '\5', '\xff'}) {
    std::string changed = message;
    changed[1] = kind;
    std::string_view view = changed;
    EXPECT_FALSE(take_preamble(view, preamble));
  }
  message[0] = static_cast<char>(kProtocolVersion + 1);
  std::string_view view = message;
  EXPECT_FALSE(take_preamble(view, preamble));
}

TEST(Protocol, GreetingSurvivesTheWireAndNothingElseIsOne) {
  const std::string message = greeting_message({.kind = Kind::kWelcome, .link = 9}, {5, 1024});
  std::string_view view = message;
  Preamble preamble;
  Greeting greeting;
  ASSERT_TRUE(take_preamble(view, preamble));
  EXPECT_EQ(preamble.kind, Kind::kWelcome);
  EXPECT_EQ(preamble.link, 9U);
  ASSERT_TRUE(decode_greeting(view, greeting));
  EXPECT_EQ(greeting.nonce, 5U);
  EXPECT_EQ(greeting.max_message_bytes, 1024U);
  EXPECT_FALSE(decode_greeting(view.substr(1), greeting));
  EXPECT_FALSE(decode_greeting(std::string(view) + "x", greeting));
}

TEST(Protocol, EveryErrorKindSurvivesTheWire) {
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::kBug); ++kind) {
    const Error error{static_cast<ErrorKind>(kind), "why"};
    const Error decoded = decode_error(encode_error(error));
    EXPECT_EQ(decoded.kind, error.kind);
    EXPECT_EQ(decoded.message, "why");
  }
}

TEST(Protocol, AnUnknownErrorIsAnUnknownOutcome) {
  EXPECT_EQ(decode_error("\xff???").kind, ErrorKind::kUnknown);
  EXPECT_EQ(decode_error("").kind, ErrorKind::kUnknown);
}

}  // namespace
}  // namespace tandem::rpc

#include "wire/envelope.h"

#include <gtest/gtest.h>

namespace tandem::wire {
namespace {

const Request kRequest{.method = Method::kDbRead,
                       .consistency = Consistency::kSession,
                       .budget_ms = 1500,
                       .min_index = 77,
                       .request_id = "r-1",
                       .key = "k",
                       .body = "{}"};

TEST(Envelope, RequestComesBackAsItWas) {
  std::string bytes;
  encode(kRequest, bytes);
  Request back;
  ASSERT_TRUE(decode(bytes, back));
  EXPECT_EQ(back.method, Method::kDbRead);
  EXPECT_EQ(back.consistency, Consistency::kSession);
  EXPECT_EQ(back.budget_ms, 1500u);
  EXPECT_EQ(back.min_index, 77u);
  EXPECT_EQ(back.request_id, "r-1");
  EXPECT_EQ(back.key, "k");
  EXPECT_EQ(back.body, "{}");
}

TEST(Envelope, ResponseComesBackAsItWas) {
  std::string bytes;
  encode(Response{.status = 409, .index = UINT64_MAX, .body = "x"}, bytes);
  Response back;
  ASSERT_TRUE(decode(bytes, back));
  EXPECT_EQ(back.status, 409);
  EXPECT_EQ(back.index, UINT64_MAX);
  EXPECT_EQ(back.body, "x");
}

TEST(Envelope, SeesACutAtEveryByteAndATail) {
  std::string request_bytes;
  encode(kRequest, request_bytes);
  std::string response_bytes;
  encode(Response{.status = 200, .index = 1, .body = "[]"}, response_bytes);
  Request request;
  Response response;
  for (size_t size = 0; size < request_bytes.size(); ++size) {
    EXPECT_FALSE(decode(std::string_view(request_bytes).substr(0, size), request)) << size;
  }
  for (size_t size = 0; size < response_bytes.size(); ++size) {
    EXPECT_FALSE(decode(std::string_view(response_bytes).substr(0, size), response)) << size;
  }
  EXPECT_FALSE(decode(request_bytes + "x", request));
  EXPECT_FALSE(decode(response_bytes + "x", response));
}

TEST(Envelope, RefusesAnUnknownConsistency) {
  std::string bytes;
  encode(kRequest, bytes);
  bytes[2] = 4;
  Request back;
  EXPECT_FALSE(decode(bytes, back));
}

TEST(Consistency, HasANameForEachLevel) {
  for (const auto level :
       {Consistency::kLinearizable, Consistency::kSession, Consistency::kEventual}) {
    Consistency back = Consistency::kDefault;
    EXPECT_TRUE(parse_consistency(to_string(level), back));
    EXPECT_EQ(back, level);
  }
  Consistency back = Consistency::kSession;
  for (const char* text : {"", "default", "Linearizable", "session "}) {
    EXPECT_FALSE(parse_consistency(text, back)) << text;
  }
  EXPECT_EQ(back, Consistency::kSession);
}

}  // namespace
}  // namespace tandem::wire

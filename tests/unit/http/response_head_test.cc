#include "http/response_head.h"

#include <gtest/gtest.h>

#include <ctime>

namespace tandem::http {
namespace {

TEST(ResponseHeadTest, AllParts) {
  const NameValue extra[] = {{"X-Db-Index", "7"}};
  std::string out;
  append_head(out, {.status = 404,
                    .content_type = "application/json",
                    .length = ResponseHead::Length::kGiven,
                    .content_length = 12,
                    .connection = "close",
                    .date_line = "Date: now\r\n",
                    .request_id = "id",
                    .extra = extra});
  EXPECT_EQ(out,
            "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 12\r\n"
            "Connection: close\r\nX-Db-Index: 7\r\nDate: now\r\nX-Request-Id: id\r\n\r\n");
}

TEST(ResponseHeadTest, UnsafeHeaders) {
  const auto safe = [](std::string_view name, std::string_view value) {
    const NameValue header{name, value};
    return is_safe("text/plain", {&header, 1});
  };
  EXPECT_TRUE(safe("Retry-After", "1"));
  EXPECT_TRUE(safe("X-Text", "\xc3\xa4 tab\t"));
  EXPECT_FALSE(safe("", "1"));
  EXPECT_FALSE(safe("A B", "1"));
  EXPECT_FALSE(safe("A:", "1"));
  EXPECT_FALSE(safe("A", "b\r\nC: d"));
  EXPECT_FALSE(safe("A", "b\n"));
  EXPECT_FALSE(safe("A", std::string_view("b\0", 2)));
  EXPECT_FALSE(safe("transfer-encoding", "chunked"));
  EXPECT_FALSE(is_safe("a\r\nb", {}));
}

TEST(ResponseHeadTest, TheDateHasTheFormOfRfc9110) {
  DateLine line;
  const std::string text(line.at(1000));
  std::tm parsed{};
  const char* end = strptime(text.c_str(), "Date: %a, %d %b %Y %H:%M:%S GMT", &parsed);
  ASSERT_NE(end, nullptr) << text;
  EXPECT_STREQ(end, "\r\n");
  EXPECT_EQ(line.at(1000), text);
}

}  // namespace
}  // namespace tandem::http

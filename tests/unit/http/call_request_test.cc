#include "http/call_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/ids.h"

namespace tandem::http {
namespace {

using testing::HasSubstr;

Request with_headers(std::vector<NameValue> headers) {
  Request request;
  request.headers = std::move(headers);
  return request;
}

TEST(CallRequest, WordsOfAWrite) {
  const auto words = write_words(with_headers({{"x", "y"}, {"idempotency-KEY", "basket-1"}}));
  ASSERT_TRUE(words);
  EXPECT_EQ(words->key, "basket-1");
  EXPECT_EQ(write_words(Request{})->key, "");
}

TEST(CallRequest, AKeyThatIsNoneIsRefused) {
  for (const std::string& key : {std::string(), std::string(129, 'k'), std::string("k\xff\xfe"),
                                 std::string("a\x01"), std::string("a\tb"), std::string("\x7f")}) {
    const auto words = write_words(with_headers({{"Idempotency-Key", key}}));
    ASSERT_FALSE(words) << testing::PrintToString(key);
    EXPECT_EQ(words.error().kind, ErrorKind::kBadInput);
    EXPECT_THAT(words.error().message, HasSubstr("Idempotency-Key"));
  }
}

TEST(CallRequest, WhatIsGivenTwiceIsRefusedAlsoWhereBothSayTheSame) {
  for (const std::string_view second : {"a", "b", ""}) {
    const auto words =
        write_words(with_headers({{"Idempotency-Key", "a"}, {"idempotency-key", second}}));
    ASSERT_FALSE(words);
    EXPECT_THAT(words.error().message, HasSubstr("given twice"));
  }
  EXPECT_FALSE(read_words(with_headers({{"X-Db-Index", "1"}, {"x-db-index", "1"}})));
  Request request;
  request.query = {{"consistency", "eventual"}, {"consistency", "eventual"}};
  EXPECT_FALSE(read_words(request));
}

TEST(CallRequest, AKeyIsItselfWhateverItLooksLike) {
  for (const std::string& key :
       {std::string("t-5-0123456789abcdef"), std::string("i-5-0123456789abcdef"), make_key(5)}) {
    EXPECT_EQ(write_words(with_headers({{"Idempotency-Key", key}}))->key, key);
  }
}

TEST(CallRequest, RefusalsHoldNoBytesThatAreNoText) {
  const auto index = read_words(with_headers({{"X-Db-Index", "\xff\x01"}}));
  ASSERT_FALSE(index);
  EXPECT_EQ(index.error().message, "header X-Db-Index '\?\?' is not an index");
}

}  // namespace
}  // namespace tandem::http

#include "wire/stored_json.h"

#include <gtest/gtest.h>

#include <string>

#include "base/json_string.h"

namespace tandem::wire {
namespace {

std::string every_byte() {
  std::string bytes;
  for (int b = 0; b < 256; ++b) bytes += static_cast<char>(b);
  return bytes;
}

TEST(StoredJson, TextStaysAsItIs) {
  Json object;
  set_stored_text(object, "key", "Straße 😀\x01\"");
  EXPECT_EQ(object.dump(), "{\"key\":\"Straße 😀\\u0001\\\"\"}");
  EXPECT_EQ(stored_text(object, "key"), "Straße 😀\x01\"");
}

TEST(StoredJson, OtherBytesAreWrittenInHex) {
  Json object;
  set_stored_text(object, "key", "k\xff\xfe");
  EXPECT_EQ(object.dump(), R"({"key_hex":"6bfffe"})");
  EXPECT_EQ(stored_text(object, "key"), "k\xff\xfe");
  Json all;
  set_stored_text(all, "key", every_byte());
  EXPECT_EQ(stored_text(*parse_stored_json(all.dump()), "key"), every_byte());
}

TEST(StoredJson, WhatIsNoStoredTextIsNone) {
  for (const char* row : {"{}", R"({"key":1})", R"({"key_hex":1})", R"({"key_hex":"6"})",
                          R"({"key_hex":"6g"})", R"({"key_hex":"+6"})", "[]"}) {
    EXPECT_EQ(stored_text(*parse_stored_json(row), "key"), std::nullopt) << row;
  }
}

// As the versions wrote it that knew no hex.
TEST(StoredJson, RawBytesAreReadAsThemselves) {
  for (const std::string& text :
       {std::string("k\xff\xfe"), std::string("\xed\xb0\x80 surrogate"), every_byte(),
        // The characters that stand for bytes on the way, beside a byte that needs them.
        std::string("\xf4\x8f\xbf\xbf\xf4\x8f\xbc\x80\xff"), std::string("é\x80é")}) {
    std::string row = R"({"outer":[{"key":)";
    append_json_string(row, text);
    row += "}],";
    append_json_string(row, text + "name");
    row += ":true}";
    const auto json = parse_stored_json(row);
    ASSERT_TRUE(json) << json.error().message;
    EXPECT_EQ(stored_text(json->find("outer")->as_array()->front(), "key"), text);
    EXPECT_NE(json->find(text + "name"), nullptr);
  }
  EXPECT_FALSE(parse_stored_json("{\"key\":\"\xff\""));
  EXPECT_FALSE(parse_stored_json("{\"key\":\xff}"));
}

// A table's row is put together by many updates.
TEST(StoredJson, ARowMayBeLargerThanWhatComesFromOutside) {
  std::string row = "{\"text\":\"" + std::string(kMaxJsonBytes, 'x') + "\"}";
  EXPECT_FALSE(parse_json(row));
  const auto json = parse_stored_json(row);
  ASSERT_TRUE(json) << json.error().message;
  EXPECT_EQ(stored_text(*json, "text")->size(), kMaxJsonBytes);
}

}  // namespace
}  // namespace tandem::wire

#include "db/value.h"

#include <gtest/gtest.h>

namespace tandem::db {
namespace {

using wire::Json;

TEST(ValueOrder, PutsNullFirstAndComparesByType) {
  EXPECT_LT(compare(Value(), Value(false)), 0);
  EXPECT_LT(compare(Value(), Value(std::string())), 0);
  EXPECT_EQ(compare(Value(), Value()), 0);
  EXPECT_LT(compare(Value(false), Value(true)), 0);
  EXPECT_LT(compare(Value(INT64_MIN), Value(INT64_MAX)), 0);
  EXPECT_GT(compare(Value(int64_t{10}), Value(int64_t{9})), 0);
  EXPECT_GT(compare(Value(std::string("é")), Value(std::string("z"))), 0);
  EXPECT_LT(compare(Value(std::string("a")), Value(std::string("a\0", 2))), 0);
  EXPECT_LT(compare(Value(TextList{"a"}), Value(TextList{"a", "b"})), 0);
  EXPECT_EQ(compare(Value(TextList{"a"}), Value(TextList{"a"})), 0);
}

TEST(ValueFromJson, NamesWhatItMustBe) {
  const Limits limits{.text_bytes = 5, .list_items = 2};
  const auto message = [&](const Json& json, Type type, bool nullable = false) {
    const auto value = value_from_json(json, type, nullable, limits);
    return value ? std::string("ok") : value.error().message;
  };
  EXPECT_EQ(message(1, Type::kInteger), "ok");
  EXPECT_EQ(message("1", Type::kInteger), "must be an integer, not a string");
  EXPECT_EQ(message(1.0, Type::kInteger), "must be an integer, not a number");
  EXPECT_EQ(message(nullptr, Type::kInteger), "must be an integer, not null");
  EXPECT_EQ(message(nullptr, Type::kInteger, true), "ok");
  EXPECT_EQ(message(true, Type::kTimestamp),
            "must be a timestamp (an integer: ms since 1970), not a boolean");
  EXPECT_EQ(message(1, Type::kBoolean), "must be a boolean, not an integer");
  EXPECT_EQ(message(Json::Object{}, Type::kText), "must be a string, not an object");
  EXPECT_EQ(message("12345", Type::kText), "ok");
  EXPECT_EQ(message("123456", Type::kText), "is longer than 5 bytes");
  EXPECT_EQ(message("a", Type::kTextList), "must be an array of strings, not a string");
  EXPECT_EQ(message(Json::Array{"a", 1}, Type::kTextList),
            "must be an array of strings, but holds an integer");
  EXPECT_EQ(message(Json::Array{"123456"}, Type::kTextList), "is longer than 5 bytes");
  EXPECT_EQ(message(Json::Array{"a", "b", "c"}, Type::kTextList), "has more than 2 items");
}

TEST(ValueFromText, ReadsByTheType) {
  const auto text_of = [](std::string_view text, Type type) {
    const auto value = value_from_text(text, type, Limits{});
    return value ? shown(*value) : value.error().message;
  };
  EXPECT_EQ(text_of("22", Type::kInteger), "22");
  EXPECT_EQ(text_of("-9223372036854775808", Type::kTimestamp), "-9223372036854775808");
  EXPECT_EQ(text_of("22 ", Type::kInteger), "must be an integer, not '22 '");
  EXPECT_EQ(text_of("9223372036854775808", Type::kInteger),
            "must be an integer, not '9223372036854775808'");
  EXPECT_EQ(text_of("true", Type::kBoolean), "true");
  EXPECT_EQ(text_of("yes", Type::kBoolean), "must be a boolean, not 'yes'");
  EXPECT_EQ(text_of("a=b", Type::kText), "\"a=b\"");
  EXPECT_EQ(text_of("a", Type::kTextList), "is a list of text, which 'column=value' cannot name");
}

TEST(ValueJson, ComesBack) {
  const std::pair<Value, Type> values[] = {{Value(), Type::kText},
                                           {Value(true), Type::kBoolean},
                                           {Value(INT64_MIN), Type::kInteger},
                                           {Value(std::string("\"\n😀")), Type::kText},
                                           {Value(TextList{}), Type::kTextList},
                                           {Value(TextList{"a", ""}), Type::kTextList}};
  for (const auto& [value, type] : values) {
    std::string text;
    append_json(text, value);
    EXPECT_EQ(text, to_json(value).dump());
    EXPECT_EQ(value_from_json(to_json(value), type, true, Limits{}), value);
  }
}

TEST(Shortened, NeverCutsACharacter) {
  EXPECT_EQ(shortened("abc", 3), "abc");
  EXPECT_EQ(shortened("abcd", 3), "abc…");
  EXPECT_EQ(shortened("ab😀", 4), "ab…");
  EXPECT_EQ(shortened("😀", 0), "…");
}

TEST(TypeNames, ComeBack) {
  for (const char* name : {"integer", "text", "boolean", "timestamp", "list of text"}) {
    Type type{};
    ASSERT_TRUE(parse_type(name, type));
    EXPECT_EQ(type_name(type), name);
  }
  Type type{};
  EXPECT_FALSE(parse_type("int", type));
}

}  // namespace
}  // namespace tandem::db

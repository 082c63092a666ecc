#include "wire/json.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "base/json_string.h"

namespace tandem::wire {
namespace {

// The value of a text that must be JSON.
Json read(std::string_view text) {
  Result<Json> json = parse_json(text);
  EXPECT_TRUE(json.has_value()) << text << ": " << json.error().message;
  return json.has_value() ? *json : Json();
}

std::string refusal(std::string_view text) {
  const Result<Json> json = parse_json(text);
  EXPECT_FALSE(json.has_value()) << text;
  if (json.has_value()) return "";
  EXPECT_EQ(json.error().kind, ErrorKind::kBadInput);
  return json.error().message;
}

TEST(JsonRead, GivesEveryTypeItsPlace) {
  const Json json = read(R"( {"n":null,"b":true,"i":-7,"d":1.5,"s":"x","a":[1,[]],"o":{}} )");
  EXPECT_TRUE(json.find("n")->is_null());
  EXPECT_TRUE(*json.find("b")->as_bool());
  EXPECT_EQ(*json.find("i")->as_int(), -7);
  EXPECT_EQ(*json.find("d")->as_double(), 1.5);
  EXPECT_EQ(*json.find("s")->as_string(), "x");
  EXPECT_EQ(json.find("a")->as_array()->size(), 2u);
  EXPECT_TRUE(json.find("o")->as_object()->empty());
  EXPECT_EQ(json.find("absent"), nullptr);
  EXPECT_EQ(json.find("i")->find("x"), nullptr);
}

TEST(JsonRead, NamesItsTypes) {
  EXPECT_EQ(read("null").type_name(), "null");
  EXPECT_EQ(read("false").type_name(), "a boolean");
  EXPECT_EQ(read("1").type_name(), "an integer");
  EXPECT_EQ(read("1.0").type_name(), "a number");
  EXPECT_EQ(read("\"\"").type_name(), "a string");
  EXPECT_EQ(read("[]").type_name(), "an array");
  EXPECT_EQ(read("{}").type_name(), "an object");
}

TEST(JsonRead, SaysWhatIsWrong) {
  const std::string structure =
      "not JSON: a comma, colon, brace, bracket or quote is missing or misplaced";
  EXPECT_EQ(refusal(""), "not JSON: the text is empty");
  EXPECT_EQ(refusal("  \n"), "not JSON: the text is empty");
  for (const char* text : {"{", "[1,]", "{\"a\" 1}", "1 2", "{} x", "{\"a\":1,}", "]"}) {
    EXPECT_EQ(refusal(text), structure) << text;
  }
  EXPECT_EQ(refusal("\"abc"), "not JSON: a string is not closed");
  EXPECT_EQ(refusal("\"a\nb\""),
            "not JSON: a string holds a control character that is not escaped");
  EXPECT_EQ(refusal("[nul]"), "not JSON: a word is neither true, false nor null");
  EXPECT_EQ(refusal("\"\\x\""), "not JSON: a string holds a bad escape");
  EXPECT_EQ(refusal("\"\\ud800\""), "not JSON: a string holds a bad escape");
  EXPECT_EQ(refusal("\"\xff\""), "not JSON: the text is not UTF-8");
  EXPECT_EQ(refusal("\"\xed\xa0\x80\""), "not JSON: the text is not UTF-8");
  EXPECT_EQ(refusal("\"\xc0\x80\""), "not JSON: the text is not UTF-8");
  for (const char* text : {"01", "1e999", "-1e999", "1.", "-", "+1"}) {
    EXPECT_EQ(refusal(text).substr(0, 10), "not JSON: ") << text;
  }
}

TEST(JsonRead, GoesOnAfterAnError) {
  refusal("{");
  EXPECT_EQ(*read("5").as_int(), 5);
}

TEST(JsonRead, KeepsIntegersExact) {
  EXPECT_EQ(*read("9223372036854775807").as_int(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(*read("-9223372036854775808").as_int(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(refusal("9223372036854775808"),
            "the integer 9223372036854775808 is beyond 9223372036854775807");
  EXPECT_EQ(refusal("[-9223372036854775809]"), "not JSON: a number is malformed or out of range");
  EXPECT_EQ(refusal("18446744073709551616"), "not JSON: a number is malformed or out of range");
}

TEST(RequestJson, TakesNumbersThatNothingHoldsForLargeOnes) {
  const auto json = parse_request_json(
      R"({"a":1e999,"b":-123456789012345678901234567890,"c":[18446744073709551615,7],)"
      R"("d":"1e999 \" 1e999"})");
  ASSERT_TRUE(json) << json.error().message;
  // What is refused is told as it was given.
  EXPECT_EQ(json->dump(),
            R"({"a":1e999,"b":-123456789012345678901234567890,"c":[18446744073709551615,7],)"
            R"("d":"1e999 \" 1e999"})");
  EXPECT_EQ(*json->find("a")->as_double(), 1e308);
  EXPECT_EQ(*json->find("b")->as_double(), -1e308);
  EXPECT_EQ(json->find("b")->type_name(), "a number");
  EXPECT_EQ(parse_request_json("[1e-999]")->dump(), parse_json("[1e-999]")->dump());
}

TEST(RequestJson, KeepsTheTextOfANumberWithMoreDigitsThanADoubleHas) {
  const auto json = parse_request_json(
      R"({"a":19.999999999999999999,"b":19.99,"c":-0.000000000000000000000015,"d":"x"})");
  ASSERT_TRUE(json);
  ASSERT_NE(json->find("a")->as_given(), nullptr);
  EXPECT_EQ(*json->find("a")->as_given(), "19.999999999999999999");
  EXPECT_EQ(*json->find("a")->as_double(), 20.0);
  EXPECT_EQ(json->find("b")->as_given(), nullptr);
  EXPECT_EQ(json->find("c")->as_given(), nullptr);
  EXPECT_EQ(parse_request_json("[0.12345678901234567]")->as_array()->front().as_given(), nullptr);
}

TEST(RequestJson, GivesEachTextToItsNumber) {
  // Also where a number is the one that stands for them.
  std::string text = "[";
  for (const char* number : {"1e999", "7", "2.898402974915797e+301", "-1e999"}) {
    text += std::string(text.size() > 1 ? "," : "") + number;
  }
  text += R"(,{"a":9223372036854775808,"b":[-9223372036854775809]}])";
  const auto json = parse_request_json(text);
  ASSERT_TRUE(json);
  EXPECT_EQ(json->dump(), text);
  EXPECT_EQ(parse_request_json(json->dump())->dump(), text);
}

TEST(RequestJson, RefusesWhatIsNoJson) {
  for (const char* text : {"", "{", "[1e999", "[1e999e1]", "[01e999]", "[--1e999]", "[1e999,]",
                           "[.1e999]", R"({"a":1e999,"a":1})"}) {
    EXPECT_FALSE(parse_request_json(text)) << text;
  }
}

std::string zeros(size_t count) {
  std::string text = "[";
  for (size_t i = 0; i < count; ++i) text += i == 0 ? "0" : ",0";
  return text + ']';
}

TEST(JsonRead, EndsWhereThereAreMoreValuesThanAllowed) {
  EXPECT_TRUE(parse_json(R"({"a":[1,{"b":null}]})", kMaxJsonBytes, 5));
  const auto json = parse_json(R"({"a":[1,{"b":null}]})", kMaxJsonBytes, 4);
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().kind, ErrorKind::kTooLarge);
  EXPECT_EQ(json.error().message, "the JSON holds more than 4 values");
  EXPECT_EQ(read(zeros(kMaxRequestValues)).as_array()->size(), kMaxRequestValues);
}

TEST(RequestJson, HoldsABoundedNumberOfValues) {
  EXPECT_TRUE(parse_request_json(zeros(kMaxRequestValues - 1)));
  std::string objects = "{";
  for (size_t i = 0; i < kMaxRequestValues; ++i) objects += "\"" + std::to_string(i) + "\":{},";
  for (const std::string& text : {zeros(kMaxRequestValues), objects + "\"\":0}",
                                  "[1e999," + zeros(kMaxRequestValues) + "]"}) {
    const auto json = parse_request_json(text);
    ASSERT_FALSE(json);
  }
  EXPECT_EQ(parse_request_json(zeros(kMaxRequestValues)).error().kind, ErrorKind::kTooLarge);
  EXPECT_EQ(parse_request_json(objects + "\"\":0}").error().message,
            "the JSON holds more than 50000 values");
}

TEST(JsonRead, RefusesDuplicateKeysAtAnyDepth) {
  EXPECT_EQ(refusal(R"({"a":1,"b":2,"a":1})"), "duplicate key 'a'");
  EXPECT_EQ(refusal(R"([{"x":[{"k":1,"\u006b":2}]}])"), "duplicate key 'k'");
  EXPECT_EQ(read(R"({"a":{"a":1},"b":{"a":1}})").dump(), R"({"a":{"a":1},"b":{"a":1}})");
}

TEST(JsonRead, RefusesDuplicateKeysInLargeObjects) {
  std::string text = "{";
  for (int i = 0; i < 100'000; ++i) text += "\"k" + std::to_string(i) + "\":0,";
  const Json json = read(text + "\"z\":0}");
  EXPECT_EQ(json.as_object()->size(), 100'001u);
  EXPECT_EQ((*json.as_object())[2].first, "k2");
  EXPECT_EQ(refusal(text + "\"k777\":0}"), "duplicate key 'k777'");
}

TEST(JsonRead, LimitsNestingTo64Levels) {
  const auto arrays = [](size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  const auto objects = [](int n) {
    std::string text;
    for (int i = 0; i < n; ++i) text += "{\"a\":";
    return text + "1" + std::string(static_cast<size_t>(n), '}');
  };
  EXPECT_EQ(read(arrays(64)).dump(), arrays(64));
  EXPECT_EQ(read(objects(64)).dump(), objects(64));
  const std::string why = "not JSON: it is nested deeper than 64 levels";
  EXPECT_EQ(refusal(arrays(65)), why);
  EXPECT_EQ(refusal(objects(65)), why);
  EXPECT_EQ(refusal(arrays(100'000)), why);
}

TEST(JsonRead, ReadsTextsOfEverySize) {
  for (size_t size = 0; size < 300; ++size) {
    const std::string text = "\"" + std::string(size, 'x') + "\"";
    EXPECT_EQ(read(text).as_string()->size(), size);
  }
  const std::string large = "\"" + std::string(3 << 20, 'x') + "\"";
  EXPECT_EQ(read(large).dump(), large);
  EXPECT_EQ(*read("1").as_int(), 1);
  EXPECT_EQ(refusal(std::string((64u << 20) + 1, ' ')), "not JSON: the text is longer than 64 MiB");
}

TEST(JsonRead, FailsOnEveryPrefix) {
  const std::string text = R"({"a":[1,2.5,"\u00e9x",{"b":null}],"c":true})";
  for (size_t size = 0; size < text.size(); ++size) refusal(text.substr(0, size));
}

TEST(JsonWrite, EscapesWhatItMust) {
  std::string out = "x";
  append_json_string(out, std::string_view("\0\x1f\"\\/\n\t\r\x7f", 9));
  EXPECT_EQ(out, "x\"\\u0000\\u001f\\\"\\\\/\\n\\t\\r\x7f\"");
}

TEST(JsonWrite, ReadsBackEveryByteOfAscii) {
  std::string all;
  for (char c = 0; c < 127; ++c) all += c;
  all += "é日本語😀";
  EXPECT_EQ(*read(Json(all).dump()).as_string(), all);
}

TEST(JsonWrite, KeepsDoublesExact) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    const std::string text = Json(value).dump();
    const Json back = read(text);
    ASSERT_NE(back.as_double(), nullptr) << text;
    ASSERT_EQ(std::bit_cast<uint64_t>(*back.as_double()), std::bit_cast<uint64_t>(value)) << text;
  }
  EXPECT_EQ(Json(1.0).dump(), "1.0");
  EXPECT_EQ(Json(-0.0).dump(), "-0.0");
  EXPECT_EQ(Json(0.1).dump(), "0.1");
  EXPECT_EQ(Json(15.99).dump(), "15.99");
  EXPECT_EQ(Json(std::nan("")).dump(), "null");
}

TEST(JsonWrite, KeepsIntegersExact) {
  EXPECT_EQ(Json(std::numeric_limits<int64_t>::min()).dump(), "-9223372036854775808");
  EXPECT_EQ(Json(0).dump(), "0");
}

TEST(JsonWrite, IsCompactAndInOrder) {
  Json json;
  json.set("z", 1).set("a", Json::Array{true, nullptr, "t"}).set("m", Json::Object{});
  EXPECT_EQ(json.dump(), R"({"z":1,"a":[true,null,"t"],"m":{}})");
  json.set("z", "two");
  EXPECT_EQ(json.dump(), R"({"z":"two","a":[true,null,"t"],"m":{}})");
  EXPECT_EQ(read(json.dump()), json);
}

}  // namespace
}  // namespace tandem::wire

#include "wire/request_object.h"

#include <gtest/gtest.h>

namespace tandem::wire {
namespace {

template <typename T>
std::string error_of(const Result<T>& result) {
  if (result) return "none";
  EXPECT_EQ(result.error().kind, ErrorKind::kBadInput);
  return result.error().message;
}

TEST(RequestObjectTest, ABodyIsAnObject) {
  for (const auto parse : {parse_request_object, parse_object}) {
    const auto object = parse(R"({"a":1})");
    ASSERT_TRUE(object);
    EXPECT_EQ(object->dump(), R"({"a":1})");
    EXPECT_EQ(error_of(parse("")), "the body is empty, not a JSON object");
    EXPECT_EQ(error_of(parse("[]")), "the body is an array, not a JSON object");
    EXPECT_TRUE(error_of(parse("{")).starts_with("not JSON: "));
  }
}

TEST(RequestObjectTest, ANumberBeyondAllIsReadOfARequestAlone) {
  constexpr std::string_view kBody = R"({"nobody knows it":99999999999999999999})";
  EXPECT_TRUE(parse_request_object(kBody));
  EXPECT_NE(error_of(parse_object(kBody)), "none");
}

TEST(RequestObjectTest, AMemberIsNamedWhereItIsMissingOrOfAnotherType) {
  const Json object = Json::Object{{"text", "x"}, {"number", 1}};
  EXPECT_EQ(require_text(object, "text"), "x");
  EXPECT_EQ(error_of(require_text(object, "number")), "number must be a string, not an integer");
  EXPECT_EQ(error_of(require_text(object, "more")), "more is missing");
  EXPECT_EQ(error_of(require_member(object, "more")), "more is missing");
  EXPECT_EQ((*require_member(object, "number"))->dump(), "1");
}

}  // namespace
}  // namespace tandem::wire

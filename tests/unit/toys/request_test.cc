#include "toys/request.h"

#include <gtest/gtest.h>

#include "wire/json.h"

namespace tandem::toys {
namespace {

template <typename T>
std::string error_of(const Result<T>& result) {
  if (result) return "none";
  EXPECT_EQ(result.error().kind, ErrorKind::kBadInput);
  return result.error().message;
}

std::string quantity_error(const std::string& quantity) {
  return error_of(parse_purchase(R"({"name":"Tux","quantity":)" + quantity + "}"));
}

TEST(RequestTest, APurchaseHasANameAndAQuantity) {
  const auto purchase = parse_purchase(R"({"name":"Tux","colour":"red","quantity":3})");
  ASSERT_TRUE(purchase);
  EXPECT_EQ(*purchase, (Purchase{"Tux", 3}));
}

TEST(RequestTest, ABodyHoldsABoundedNumberOfValues) {
  std::string body = R"({"name":"Tux","quantity":3,"number":7,"x":[0)";
  for (size_t i = 0; i < wire::kMaxRequestValues; ++i) body += ",0";
  body += "]}";
  const auto purchase = parse_purchase(body);
  ASSERT_FALSE(purchase);
  EXPECT_EQ(purchase.error().kind, ErrorKind::kTooLarge);
  EXPECT_FALSE(parse_order_number(body));
  EXPECT_FALSE(parse_toy_name(body));
}

TEST(RequestTest, ErrorsNameTheField) {
  EXPECT_EQ(error_of(parse_purchase("")), "the body is empty, not a JSON object");
  EXPECT_EQ(error_of(parse_purchase("[]")), "the body is an array, not a JSON object");
  EXPECT_TRUE(error_of(parse_purchase("{")).starts_with("not JSON"));
  EXPECT_EQ(error_of(parse_purchase("{}")), "name is missing");
  EXPECT_EQ(error_of(parse_purchase(R"({"name":7})")), "name must be a string, not an integer");
  EXPECT_EQ(error_of(parse_purchase(R"({"name":""})")), "name must not be empty");
  EXPECT_EQ(error_of(parse_purchase(R"({"name":"Tux"})")), "quantity is missing");
}

TEST(RequestTest, AQuantityIsAPositiveInteger) {
  const std::string rule = "quantity must be an integer from 1 to 1000000000, not ";
  EXPECT_EQ(quantity_error("1"), "none");
  EXPECT_EQ(quantity_error("1000000000"), "none");
  EXPECT_EQ(quantity_error("0"), rule + "0");
  EXPECT_EQ(quantity_error("-1"), rule + "-1");
  EXPECT_EQ(quantity_error("1.5"), rule + "1.5");
  EXPECT_EQ(quantity_error("1000000001"), rule + "1000000001");
  EXPECT_EQ(quantity_error("\"1\""), rule + "a string");
  EXPECT_EQ(quantity_error("null"), rule + "null");
  EXPECT_NE(quantity_error("1000000000000000000000000000000"), "none");
}

TEST(RequestTest, ANewToyMayBeSoldOut) {
  const auto toy = parse_new_toy(R"({"name":"Kite","price":7.5,"quantity":0})");
  ASSERT_TRUE(toy);
  EXPECT_EQ(*toy, (NewToy{"Kite", 750, 0}));
  EXPECT_TRUE(error_of(parse_new_toy(R"({"name":"Kite","price":7.555,"quantity":0})"))
                  .starts_with("price must be"));
  EXPECT_EQ(error_of(parse_new_toy(R"({"name":"Kite","quantity":0})")), "price is missing");
  EXPECT_EQ(error_of(parse_new_toy(R"({"name":"Kite","price":1,"quantity":-1})")),
            "quantity must be an integer from 0 to 1000000000, not -1");
}

TEST(RequestTest, ANewPriceHasANameAndAPrice) {
  const auto price = parse_new_price(R"({"name":"Tux","price":9.99})");
  ASSERT_TRUE(price);
  EXPECT_EQ(price->name, "Tux");
  EXPECT_EQ(price->price_cents, 999);
  EXPECT_EQ(error_of(parse_new_price(R"({"name":"Tux"})")), "price is missing");
}

TEST(RequestTest, NamesAndNumbersAlone) {
  EXPECT_EQ(parse_toy_name(R"({"name":"Tux"})"), "Tux");
  EXPECT_EQ(error_of(parse_toy_name("{}")), "name is missing");
  EXPECT_EQ(parse_order_number(R"({"number":0})"), 0U);
  EXPECT_EQ(parse_order_number(R"({"number":9223372036854775807})"), 9223372036854775807U);
  EXPECT_TRUE(error_of(parse_order_number(R"({"number":-1})")).starts_with("number must be"));
  EXPECT_TRUE(error_of(parse_order_number(R"({"number":"7"})")).starts_with("number must be"));
  EXPECT_TRUE(error_of(parse_order_number(R"({"number":7.0})")).starts_with("number must be"));
}

TEST(RequestTest, NamesAreUtf8WithoutControlCharacters) {
  for (const char* name :
       {"T", "Tux the penguin", "\"", "B\xC3\xA4r", "\xE2\x82\xAC", "\xF0\x9F\xA7\xB8",
        "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF", "\xEE\x80\x80", "\xC2\xA0"}) {
    EXPECT_TRUE(check_name(name)) << name;
  }
  EXPECT_TRUE(check_name(std::string(kMaxNameBytes, 'x')));
  EXPECT_FALSE(check_name(std::string(kMaxNameBytes + 1, 'x')));
  EXPECT_FALSE(check_name(""));
  const std::string_view nul("a\0b", 3);
  EXPECT_FALSE(check_name(nul));
  for (const char* name : {"a\nb",
                           "\x1F",
                           "\x7F",
                           "\xC2\x80",
                           "\xC2\x9F",  // control characters
                           "\x80",
                           "\xBF",
                           "\xC0\x80",
                           "\xC1\xBF",
                           "\xE0\x9F\xBF",  // no beginning, overlong
                           "\xF0\x8F\xBF\xBF",
                           "\xED\xA0\x80",
                           "\xED\xBF\xBF",  // surrogates
                           "\xF4\x90\x80\x80",
                           "\xF5\x80\x80\x80",
                           "\xFF",  // too high
                           "\xC3",
                           "\xE2\x82",
                           "\xF0\x9F\xA7",
                           "\xC3"
                           "a",
                           "\xE2\x82"
                           "a"}) {  // cut off
    EXPECT_FALSE(check_name(name)) << testing::PrintToString(name);
  }
}

constexpr std::string_view kHeader = "name,price,quantity\n";

std::string csv_error(const std::string& lines) {
  return error_of(parse_toys_csv(std::string(kHeader) + lines, "toys.csv"));
}

TEST(RequestTest, ACsvOfToys) {
  const auto toys = parse_toys_csv(
      "\xEF\xBB\xBF# the first toys\n\nname,price,quantity\r\nTux,15.99,100\n\n"
      "\"Building bricks, \"\"red\"\"\",5,0\n# none left\n");
  ASSERT_TRUE(toys) << toys.error().message;
  EXPECT_EQ(*toys, (std::vector<NewToy>{{"Tux", 1599, 100}, {"Building bricks, \"red\"", 500, 0}}));
  const auto none = parse_toys_csv(kHeader);
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
}

TEST(RequestTest, ErrorsInACsvNameFileAndLine) {
  EXPECT_EQ(csv_error("Tux,15.99\n"), "toys.csv:2: expected 'name,price,quantity', not 2 field(s)");
  EXPECT_EQ(csv_error("Tux,1,1\nTux,2,2\n"), "toys.csv:3: the toy 'Tux' is there already");
  EXPECT_EQ(csv_error("\n,1,1\n"), "toys.csv:3: name must not be empty");
  EXPECT_EQ(csv_error("\"Tux,1,1\n"), "toys.csv:2: broken quotes");
  EXPECT_TRUE(csv_error("Tux,1.999,1\n").starts_with("toys.csv:2: price must be"));
  for (const char* quantity : {"", "x", "-1", "1.5", "1000000001", "1 ", "99999999999999999999"}) {
    EXPECT_TRUE(csv_error("Tux,1," + std::string(quantity)).starts_with("toys.csv:2: quantity "))
        << quantity;
  }
  EXPECT_EQ(error_of(parse_toys_csv("", "f")), "f:1: the first line must be 'name,price,quantity'");
  EXPECT_EQ(error_of(parse_toys_csv("# x\nTux,1,1\n", "f")),
            "f:2: the first line must be 'name,price,quantity'");
}

TEST(RequestTest, AllBadLinesOfACsvAreNamedUpToTen) {
  EXPECT_EQ(csv_error("a\nTux,1,1\nb\n"),
            "toys.csv:2: expected 'name,price,quantity', not 1 field(s); "
            "toys.csv:4: expected 'name,price,quantity', not 1 field(s)");
  std::string lines;
  for (int i = 0; i < 25; ++i) lines += "a\n";
  EXPECT_TRUE(csv_error(lines).ends_with("; and 15 more"));
}

TEST(RequestTest, ACsvHasNoMoreToysThanACatalogHolds) {
  std::string lines;
  for (size_t i = 0; i < kMaxToys; ++i) lines += "toy " + std::to_string(i) + ",1,1\n";
  EXPECT_EQ(csv_error(lines), "none");
  EXPECT_EQ(csv_error(lines + "one more,1,1\n"), "toys.csv:10002: more than 10000 toys");
}

}  // namespace
}  // namespace tandem::toys

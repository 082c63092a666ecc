#include "ts-front/input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes.h"

namespace tandem::front {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kForm = "application/x-www-form-urlencoded";

template <typename T>
std::string error(const Result<T>& result) {
  return result ? "fine" : result.error().message;
}

std::string purchase_error(std::string_view body, std::string_view type = "application/json") {
  return error(read_purchase(post(body, type)));
}

TEST(InputTest, JsonAndFormsSayTheSame) {
  const toys::Purchase tux{"Tux", 3};
  EXPECT_EQ(*read_purchase(post(R"({"name":"Tux","quantity":3})")), tux);
  EXPECT_EQ(*read_purchase(post("name=Tux&quantity=3", kForm)), tux);
  EXPECT_EQ(*read_purchase(post("quantity=003&x=1&name=Tux", kForm)), tux);
  EXPECT_EQ(*read_purchase(
                post("name=Tux&quantity=3", "Application/X-WWW-Form-Urlencoded ; charset=UTF-8")),
            tux);
  EXPECT_EQ(*read_purchase(post("name=Caf%C3%A9+au%26lait&quantity=1", kForm)),
            (toys::Purchase{"Caf\xc3\xa9 au&lait", 1}));
}

TEST(InputTest, WithoutATypeItIsJson) {
  http::Request request;
  request.body = R"({"name":"Tux","quantity":3})";
  EXPECT_TRUE(read_purchase(request));
  request.body = "name=Tux&quantity=3";
  EXPECT_FALSE(read_purchase(request));
}

TEST(InputTest, JsonThatIsCalledAFormIsJson) {
  EXPECT_EQ(*read_purchase(post(" {\"name\":\"Tux\",\"quantity\":3}", kForm)),
            (toys::Purchase{"Tux", 3}));
}

TEST(InputTest, OnlyJsonAndFormsAreRead) {
  for (const std::string_view type :
       {"application/json", "Application/JSON; charset=utf-8", "text/json", "application/ld+json",
        "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", ""}) {
    EXPECT_TRUE(is_readable(post("x", type))) << type;
  }
  for (const std::string_view type : {"multipart/form-data; boundary=x", "text/xml", "json",
                                      "application/octet-stream", "application/jsonp"}) {
    EXPECT_FALSE(is_readable(post("--x", type))) << type;
    EXPECT_FALSE(is_readable(post("", type))) << type;
    EXPECT_TRUE(is_readable(post(" {", type))) << type;
  }
}

TEST(InputTest, AQuantityIsAPositiveInteger) {
  for (const std::string_view quantity :
       {"0", "-1", "1.5", "\"1\"", "null", "true", "[]", "{}", "1e3", "1000000001",
        "1000000000000000000000000000000", "-1000000000000000000000000000000", "1e30"}) {
    const std::string body = R"({"name":"Tux","quantity":)" + std::string(quantity) + "}";
    EXPECT_THAT(purchase_error(body), StartsWith("quantity must be an integer from 1 to "))
        << quantity;
  }
  EXPECT_EQ(purchase_error(R"({"name":"Tux"})"), "quantity is missing");
  EXPECT_EQ(read_purchase(post(R"({"name":"Tux","quantity":1000000000})"))->quantity,
            1'000'000'000);
}

TEST(InputTest, AQuantityInAFormIsDigits) {
  for (const std::string_view quantity :
       {"0", "-1", "1.5", "", "x", "%201", "1%0A", "+1", "1e3", "null", "\"1\"", "0x10",
        "1000000000000000000000000000000", "-"}) {
    const std::string body = "name=Tux&quantity=" + std::string(quantity);
    EXPECT_THAT(purchase_error(body, kForm), StartsWith("quantity must be ")) << quantity;
  }
  EXPECT_EQ(purchase_error("name=Tux", kForm), "quantity is missing");
  EXPECT_EQ(purchase_error("name=Tux&quantity=1&quantity=1", kForm),
            "'quantity' is given more than once");
  EXPECT_EQ(purchase_error("name=Tux&quantity=" + std::string(100, 'x'), kForm),
            "quantity must be a number, not a longer text");
}

TEST(InputTest, LongNumbersThatNobodyAsksForAreIgnored) {
  EXPECT_TRUE(read_purchase(post(
      R"({"a":12345678901234567890123,"name":"Tux","b":[-99999999999999999999],"quantity":1})")));
  // What only looks like one stays as it is.
  EXPECT_EQ(
      read_purchase(
          post(R"({"a":12345678901234567890123,"name":"\"12345678901234567890","quantity":1})"))
          ->name,
      "\"12345678901234567890");
  EXPECT_TRUE(read_purchase(post(
      R"({"a":12345678901234567890123,"b":1e-00000000000000000001,)"
      R"("c":0.12345678901234567890,"d":1E+00000000000000000001,"name":"Tux","quantity":1})")));
}

TEST(InputTest, ANameIsText) {
  EXPECT_EQ(purchase_error(R"({"quantity":1})"), "name is missing");
  EXPECT_EQ(purchase_error(R"({"name":7,"quantity":1})"), "name must be a string, not an integer");
  EXPECT_EQ(purchase_error("quantity=1&name=", kForm), "name must not be empty");
  EXPECT_THAT(purchase_error("quantity=1&name=a%01", kForm), HasSubstr("control"));
}

TEST(InputTest, WhatIsNoBodyIsRefused) {
  EXPECT_EQ(purchase_error(""), "the body is empty, not a JSON object");
  EXPECT_EQ(purchase_error("[]"), "the body is an array, not a JSON object");
  EXPECT_THAT(purchase_error("{"), StartsWith("not JSON"));
  EXPECT_THAT(purchase_error(R"({"name":"a","name":"b","quantity":1})"), HasSubstr("duplicate"));
  EXPECT_THAT(purchase_error("name=%zz&quantity=1", kForm), HasSubstr("percent-encoded"));
}

TEST(InputTest, ANewToyMayHaveNoneInStock) {
  EXPECT_EQ(*read_new_toy(post("name=Kite&price=12.5&quantity=0", kForm)),
            (toys::NewToy{"Kite", 1250, 0}));
  EXPECT_EQ(*read_new_toy(post(R"({"name":"Kite","price":12.50,"quantity":10})")),
            (toys::NewToy{"Kite", 1250, 10}));
  EXPECT_EQ(error(read_new_toy(post("name=Kite&price=1,5&quantity=1", kForm))),
            "price must be a number, not '1,5'");
  EXPECT_THAT(error(read_new_toy(post("name=Kite&price=1.999&quantity=1", kForm))),
              HasSubstr("two decimals"));
}

TEST(InputTest, TheNameInThePathCounts) {
  EXPECT_EQ(*read_restock(post(R"({"name":"Whale","quantity":5})"), "Tux"),
            (toys::Purchase{"Tux", 5}));
  const auto price = read_price(post("price=8", kForm), "Tux");
  ASSERT_TRUE(price);
  EXPECT_EQ(price->name, "Tux");
  EXPECT_EQ(price->price_cents, 800);
  EXPECT_EQ(error(read_price(post("{}"), "Tux")), "price is missing");
  EXPECT_THAT(error(read_price(post(R"({"price":"8"})"), "Tux")), StartsWith("price must be"));
}

TEST(InputTest, KeysAreKept) {
  http::Request request;
  EXPECT_EQ(*read_key(request), "");
  const std::string longest(128, 'k');
  request.headers = {{"idempotency-key", longest}};
  EXPECT_EQ(*read_key(request), longest);
  const std::string longer(129, 'k');
  request.headers = {{"Idempotency-Key", longer}};
  EXPECT_THAT(error(read_key(request)), HasSubstr("129 bytes"));
  request.headers = {{"Idempotency-Key", "\xff"}};
  EXPECT_THAT(error(read_key(request)), HasSubstr("not UTF-8"));
  request.headers = {{"Idempotency-Key", "a"}, {"idempotency-key", "b"}};
  EXPECT_EQ(error(read_key(request)), "header Idempotency-Key is given twice");
  request.headers[1].value = "a";
  EXPECT_EQ(error(read_key(request)), "header Idempotency-Key is given twice");
}

TEST(InputTest, OrderNumbers) {
  EXPECT_EQ(parse_order_number("0"), 0u);
  EXPECT_EQ(parse_order_number("007"), 7u);
  EXPECT_EQ(parse_order_number("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_order_number("18446744073709551616"), UINT64_MAX);
  EXPECT_EQ(parse_order_number("1" + std::string(1000, '0')), UINT64_MAX);
  for (const std::string_view text :
       {"", "-1", "+1", " 1", "1 ", "1.0", "1e3", "x", "0x1", "18446744073709551616x"}) {
    EXPECT_EQ(parse_order_number(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace tandem::front

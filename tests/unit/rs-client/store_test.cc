#include "rs-client/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem::client {
namespace {

Reply answered(std::string body) { return {200, std::move(body), "r1"}; }

TEST(StoreCalls, KeepNamesApartFromPaths) {
  EXPECT_EQ(show_toy("http://h", "a/b ä").url, "http://h/products/a%2Fb%20%C3%A4");
  EXPECT_EQ(restock_toy("http://h", {"..", 1}).url, "http://h/products/%2E%2E/restock");
  EXPECT_EQ(price_toy("http://h", "?", 1).url, "http://h/products/%3F");
}

TEST(StoreCalls, ChangesCarryTheirBodyAndMayBeRepeatedUnderTheirKey) {
  const Call buy = buy_toy("http://h", {"Tux", 2});
  EXPECT_EQ(buy.method + " " + buy.url, "POST http://h/orders");
  EXPECT_EQ(buy.body, R"({"name":"Tux","quantity":2})");
  EXPECT_EQ(buy.kind, Call::Kind::kWrite);
  const Call price = price_toy("http://h", "Tux", 9.99);
  EXPECT_EQ(price.method, "PATCH");
  EXPECT_EQ(price.body, R"({"price":9.99})");
  EXPECT_EQ(price.kind, Call::Kind::kWrite);
  EXPECT_EQ(add_toy("http://h", "{}").kind, Call::Kind::kWrite);
  EXPECT_EQ(restock_toy("http://h", {"Tux", 2}).kind, Call::Kind::kWrite);
}

TEST(DataText, IsWhatTheServiceSent) {
  EXPECT_EQ(data_text(answered(R"({"data":{"price":20.00}})")).value(), R"({"price":20.00})");
  EXPECT_EQ(data_text(answered(R"({"data":[]})")).value(), "[]");
  // Where it stands between other things it is written anew.
  EXPECT_EQ(data_text(answered(R"({ "more":1, "data":{"a": 1} })")).value(), R"({"a":1})");
  EXPECT_EQ(data_text(answered(R"({"data":{"a":1},"more":{}})")).value(), R"({"a":1})");
}

TEST(DataText, NothingElseIsAnAnswerOfTheStore) {
  for (const char* body : {"7", "{}", "", "<html>", R"({"name":"Tux"})", R"({"error":{}})"}) {
    const auto text = data_text(answered(body));
    ASSERT_FALSE(text) << body;
    EXPECT_EQ(text.error().kind, ErrorKind::kUnavailable);
    EXPECT_THAT(text.error().message, testing::HasSubstr("r1"));
  }
}

fetch::Answer translated(std::string body, int status = 200) {
  fetch::Answer answer{status, std::move(body), ""};
  from_bare_style(answer);
  return answer;
}

TEST(FromBareStyle, WrapsWhatTheStoreSends) {
  EXPECT_EQ(translated("7").body, R"({"data":{"order_number":7}})");
  for (const std::string body :
       {R"({"name":"Tux","price":20.00,"quantity":1})", R"({"number":0,"name":"Tux","quantity":1})",
        R"([{"name":"Tux","price":20.00,"quantity":1}])", "[]",
        R"([{"id":1,"alive":true,"role":"leader"}])"}) {
    EXPECT_EQ(translated(body).body, R"({"data":)" + body + "}");
  }
}

TEST(FromBareStyle, GivesErrorsTheStatusOfTheStandardStyle) {
  const auto error = [](int code, const std::string& message) {
    return translated(R"({"error":{"code":)" + std::to_string(code) + R"(,"message":")" + message +
                      R"("}})")
        .status;
  };
  EXPECT_EQ(error(404, "product not found"), 404);
  EXPECT_EQ(error(404, "product out of stock"), 400);
  EXPECT_EQ(error(404, "invalid order_id"), 400);
  EXPECT_EQ(error(504, "no answer"), 504);
  EXPECT_EQ(error(200, "x"), 200);
}

TEST(FromBareStyle, LeavesEverythingElse) {
  for (const char* body : {R"({"data":7})", "{}", "", "<html>", R"({"name":"Tux"})", R"([1,2])",
                           R"({"error":{}})", "-1", "\"7\""}) {
    EXPECT_EQ(translated(body).body, body);
    EXPECT_EQ(translated(body).status, 200);
  }
  EXPECT_EQ(translated("7", 404).body, "7");
}

TEST(ProductsOf, AreThoseOfTheList) {
  const auto products = products_of(answered(
      R"({"data":[{"name":"Tux","price":1.50,"quantity":7},{"price":1},{"name":"Lego"}]})"));
  ASSERT_TRUE(products);
  ASSERT_EQ(products->size(), 2u);
  EXPECT_EQ(products->at(0).name, "Tux");
  EXPECT_EQ(products->at(0).quantity, 7);
  EXPECT_EQ(products->at(1).quantity, 0);
  EXPECT_FALSE(products_of(answered("[]")));
}

TEST(CacheFiguresOf, AreReadFromTheMetricsOfAFront) {
  const CacheFigures figures = cache_figures_of(
      answered("# HELP tandem_cache_hits_total x\n# TYPE tandem_cache_hits_total counter\n"
               "tandem_cache_hits_total 808\ntandem_cache_misses_total 192\n"));
  EXPECT_EQ(figures.hits, 808);
  EXPECT_EQ(figures.queries, 1000);
  EXPECT_EQ(cache_figures_of(answered("other 1\n")).queries, 0);
  // A time may follow a value.
  EXPECT_EQ(cache_figures_of(answered("\ntandem_cache_hits_total 8e2 1395066363000")).hits, 800);
  EXPECT_EQ(cache_figures_of(answered("\ntandem_cache_hits_total 12x\n")).hits, 0);
}

TEST(DataOf, IsTheValue) {
  EXPECT_EQ(*data_of(answered(R"({"data":{"order_number":7}})"))->find("order_number")->as_int(),
            7);
  EXPECT_FALSE(data_of(answered("7")));
}

}  // namespace
}  // namespace tandem::client

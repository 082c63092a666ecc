#include "ts-front/render.h"

#include <gtest/gtest.h>

namespace tandem::front {
namespace {

constexpr std::string_view kTux = R"({"name":"Tux","price":15.99,"quantity":100,"version":7})";

std::string text(const Answer& answer) {
  return std::to_string(answer.status) + " " + std::string(answer.content_type) + " " + answer.body;
}

class RenderTest : public testing::Test {
 protected:
  const Renderer standard{Style::kStandard};
  const Renderer bare{Style::kBare};
};

TEST_F(RenderTest, AProductHasNoVersionAndTwoDecimals) {
  EXPECT_EQ(text(standard.product(wire::Response{200, 9, kTux})),
            R"(200 application/json {"data":{"name":"Tux","price":15.99,"quantity":100}})");
  EXPECT_EQ(text(bare.product(wire::Response{200, 9, kTux})),
            R"(200 application/json {"name":"Tux","price":15.99,"quantity":100})");
  const wire::Response whole{200, 9, R"({"name":"a\"b","price":20,"quantity":0,"version":1})"};
  EXPECT_EQ(bare.product(whole).body, R"({"name":"a\"b","price":20.00,"quantity":0})");
}

TEST_F(RenderTest, ANewProductIsCreated) {
  EXPECT_EQ(standard.product(wire::Response{201, 9, kTux}).status, 201);
  EXPECT_EQ(bare.product(wire::Response{201, 9, kTux}).status, 200);
}

TEST_F(RenderTest, ProductsKeepTheirOrder) {
  const wire::Response all{200, 9,
                           R"({"products":[{"name":"B","price":1.5,"quantity":2,"version":7},)"
                           R"({"name":"A","price":0,"quantity":1,"version":8}]})"};
  EXPECT_EQ(text(standard.products(all)),
            R"(200 application/json {"data":[{"name":"B","price":1.50,"quantity":2},)"
            R"({"name":"A","price":0.00,"quantity":1}]})");
  EXPECT_EQ(text(bare.products(wire::Response{200, 9, R"({"products":[]})"})),
            "200 application/json []");
}

TEST_F(RenderTest, APurchaseIsItsNumber) {
  const wire::Response bought{200, 9, R"({"order_number":7})"};
  EXPECT_EQ(text(standard.purchase(bought)), R"(200 application/json {"data":{"order_number":7}})");
  EXPECT_EQ(text(bare.purchase(bought)), "200 text/plain; charset=utf-8 7");
}

TEST_F(RenderTest, AnOrder) {
  const wire::Response order{200, 9, R"({"number":0,"name":"Tux","quantity":1})"};
  EXPECT_EQ(text(standard.order(order)),
            R"(200 application/json {"data":{"number":0,"name":"Tux","quantity":1}})");
  EXPECT_EQ(text(bare.order(order)),
            R"(200 application/json {"number":0,"name":"Tux","quantity":1})");
}

TEST_F(RenderTest, TheFourErrorsOfTheBareStyleHaveCode404) {
  for (const std::string_view message : {"product not found", "product out of stock",
                                         "order_id does not exist", "invalid order_id"}) {
    EXPECT_EQ(text(bare.error(400, message)),
              "200 application/json {\"error\":{\"code\":404,"
              "\"message\":\"" +
                  std::string(message) + "\"}}");
    EXPECT_EQ(text(standard.error(400, message)),
              "400 application/json {\"error\":{\"code\":400,"
              "\"message\":\"" +
                  std::string(message) + "\"}}");
  }
}

TEST_F(RenderTest, OtherErrorsKeepTheirCodeInTheBareStyle) {
  EXPECT_EQ(text(bare.error(503, "not now")),
            R"(200 application/json {"error":{"code":503,"message":"not now"}})");
  EXPECT_EQ(text(bare.error(400, "quantity is missing")),
            R"(200 application/json {"error":{"code":400,"message":"quantity is missing"}})");
}

TEST_F(RenderTest, PassesTheErrorsOfReplicasOn) {
  const wire::Response out{400, 0, R"({"error":{"code":400,"message":"product out of stock"}})"};
  EXPECT_EQ(text(standard.purchase(out)),
            R"(400 application/json {"error":{"code":400,"message":"product out of stock"}})");
  EXPECT_EQ(text(bare.purchase(out)),
            R"(200 application/json {"error":{"code":404,"message":"product out of stock"}})");
  const wire::Response unknown{504, 0, R"({"error":{"code":504,"message":"ask again"}})"};
  for (const Answer& answer : {standard.product(unknown), standard.products(unknown),
                               standard.order(unknown), standard.purchase(unknown)}) {
    EXPECT_EQ(text(answer), R"(504 application/json {"error":{"code":504,"message":"ask again"}})");
  }
}

TEST_F(RenderTest, NonsenseIsNotPassedOn) {
  for (const std::string_view body :
       {"", "[]", "{", R"({"name":"Tux","price":"1","quantity":1,"version":7})",
        R"({"name":1,"price":1,"quantity":1,"version":7})",
        R"({"name":"Tux","price":1,"quantity":"1","version":7})",
        R"({"name":"Tux","price":1,"quantity":1})", R"({"products":[{}]})"}) {
    const wire::Response response{200, 0, body};
    EXPECT_EQ(standard.product(response).status, 500) << body;
    EXPECT_EQ(standard.products(response).status, 500) << body;
    EXPECT_EQ(bare.purchase(response).body,
              R"({"error":{"code":500,"message":"a replica's answer makes no sense"}})");
  }
  EXPECT_EQ(text(standard.order(wire::Response{422, 0, "what"})),
            R"(422 application/json {"error":{"code":422,)"
            R"("message":"a replica's answer makes no sense"}})");
}

TEST_F(RenderTest, Replicas) {
  const std::vector<ReplicaRow> rows = {
      {1, true, false, true, 41, wire::Json::Object{{"applied_index", 90}, {"lag", 2}}},
      {2, false, true, false, {}, {}}};
  const std::string list =
      R"([{"id":1,"alive":true,"role":"follower","last_order":41,"in_sync":true,)"
      R"("mirror":{"applied_index":90,"lag":2}},)"
      R"({"id":2,"alive":false,"role":"leader","last_order":null,"in_sync":false}])";
  EXPECT_EQ(text(standard.replicas(rows)), "200 application/json {\"data\":" + list + "}");
  EXPECT_EQ(text(bare.replicas(rows)), "200 application/json " + list);
}

}  // namespace
}  // namespace tandem::front

#include <gtest/gtest.h>

#include "http/strict.h"
#include "support/recorded_exchange.h"

namespace tandem::http {
namespace {

constexpr Known kKnown = {"table where ops", "limit", "table op"};

std::string refusal(const Request& request) {
  const Status status = check_strict(request, kKnown);
  return status ? "" : status.error().message;
}

Request body(std::string_view text) {
  return {.headers = {{"Prefer", "handling=strict"}}, .body = text};
}

TEST(StrictHandling, IsAskedForByHeaderOrQuery) {
  const std::string_view wrong = R"({"wher":{}})";
  EXPECT_EQ(refusal({.body = wrong}), "");
  EXPECT_EQ(refusal({.headers = {{"Prefer", "respond-async, wait=1"}}, .body = wrong}), "");
  EXPECT_EQ(refusal({.query = {{"strict", "0"}}, .body = wrong}), "");
  EXPECT_EQ(refusal({.query = {{"strict", "1"}}, .body = wrong}), "unknown key 'wher'");
  EXPECT_EQ(refusal({.headers = {{"prefer", "wait=1, Handling=Strict"}}, .body = wrong}),
            "unknown key 'wher'");
  for (const char* asks : {"handling=\"strict\"", "handling = strict", "handling=strict; a=b",
                           "wait=1,handling\t=\t\"strict\" ;a;b=c , x"}) {
    EXPECT_EQ(refusal({.headers = {{"A", "b"}, {"Prefer", asks}}, .body = wrong}),
              "unknown key 'wher'")
        << asks;
  }
  for (const char* does_not : {"handling", "handling=lenient; x=strict", "x;handling=strict", ""}) {
    EXPECT_EQ(refusal({.headers = {{"Prefer", does_not}}, .body = wrong}), "") << does_not;
  }
}

TEST(StrictHandling, IsAskedForInOneWay) {
  for (const auto& [name, value] : std::initializer_list<NameValue>{
           {"strict", "true"}, {"strict", "2"}, {"strict", ""}, {"STRICT", "1"}, {"Strict", "0"}}) {
    EXPECT_EQ(refusal({.query = {{name, value}}}), "strict must be written as strict=1 or strict=0")
        << name << '=' << value;
  }
}

TEST(StrictHandling, BesideAListNothingOfASingleOneIsRead) {
  const Known kLists = {"table where reads ops if", {}, "table"};
  const auto refused = [&kLists](std::string_view text) {
    const Status status = check_strict(body(text), kLists);
    return status ? "" : status.error().message;
  };
  EXPECT_EQ(refused(R"({"reads":[]})"), "");
  EXPECT_EQ(refused(R"({"if":[],"ops":[]})"), "");
  EXPECT_EQ(refused(R"({"reads":[],"table":"users"})"), "'table' has no meaning beside 'reads'");
  EXPECT_EQ(refused(R"({"ops":[],"where":{}})"), "'where' has no meaning beside 'ops'");
}

TEST(StrictHandling, KnowsTheKeysOfABodyAndOfItsLists) {
  EXPECT_EQ(refusal(body(R"({"table":1,"where":{"any":1}})")), "");
  EXPECT_EQ(refusal(body(R"({"ops":[{"op":1,"table":2}]})")), "");
  EXPECT_EQ(refusal(body(R"({"ops":[{"op":1},{"tabel":2}]})")), "unknown key 'tabel'");
  EXPECT_EQ(refusal(body(R"({"Table":1})")), "unknown key 'Table'");
  EXPECT_EQ(refusal(body(R"({"":1})")), "unknown key ''");
  // What is wrong with these the call says.
  for (const char* other : {"", "{", "[1]", "7"}) EXPECT_EQ(refusal(body(other)), "") << other;
}

TEST(StrictHandling, ACallWithoutABodyTakesAnEmptyObjectAlone) {
  const auto refused = [](const Request& request) {
    const Status status = check_strict(request, {});
    return status ? "" : status.error().message;
  };
  EXPECT_EQ(refused(body("")), "");
  EXPECT_EQ(refused(body("{}")), "");
  EXPECT_EQ(refused(body(R"({"tables":["users"]})")), "unknown key 'tables'");
  for (const char* other : {"{", "[]", "7", "a=b"}) {
    EXPECT_EQ(refused(body(other)), "this call has no body") << other;
    EXPECT_EQ(refused({.body = other}), "") << other;
  }
}

TEST(StrictHandling, IsBeforeTheHandler) {
  int calls = 0;
  Handler handler = strictly({{}, "service"}, [&calls](const Request&, Responder responder) {
    ++calls;
    responder.json(200, "{}");
  });
  support::RecordedExchange refused;
  handler({.query = {{"strict", "1"}, {"servce", "users"}}}, Responder(refused));
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(calls, 0);
  support::RecordedExchange good;
  handler({.query = {{"strict", "1"}, {"service", "users"}}}, Responder(good));
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(calls, 1);
}

TEST(StrictHandling, KnowsParametersAndFieldsOfForms) {
  EXPECT_EQ(refusal({.query = {{"strict", "1"}, {"limit", "1"}}}), "");
  EXPECT_EQ(refusal({.query = {{"strict", "1"}, {"limits", "1"}}}), "unknown parameter 'limits'");
  Request form = body("table=1&wher=2");
  form.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
  EXPECT_EQ(refusal(form), "unknown field 'wher'");
}

}  // namespace
}  // namespace tandem::http

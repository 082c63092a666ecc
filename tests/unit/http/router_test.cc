#include "http/router.h"

#include <gtest/gtest.h>

namespace tandem::http {
namespace {

using Kind = Router::Match::Kind;

class RouterTest : public testing::Test {
 protected:
  void add(Method method, const std::string& pattern) {
    router_.add(method, pattern, [](const Request&, Responder) {});
  }
  // "pattern name=value …", or "404", "405 <allow>", "400", "options <allow>".
  std::string look_up(Method method, std::string_view path) {
    const Router::Match match = router_.match(method, path, params_, decoded_);
    switch (match.kind) {
      case Kind::kNoPath:
        return "404";
      case Kind::kNoMethod:
        return "405 " + std::string(match.allow);
      case Kind::kMalformed:
        return "400";
      case Kind::kOptions:
        return "options " + std::string(match.allow);
      case Kind::kRoute:
        break;
    }
    std::string text = match.route->pattern;
    for (const NameValue& each : params_) {
      text += " " + std::string(each.name) + "=" + std::string(each.value);
    }
    return text;
  }
  std::string get(std::string_view path) { return look_up(Method::kGet, path); }

  Router router_;
  std::vector<NameValue> params_;
  std::string decoded_;
};

TEST_F(RouterTest, LiteralsAndParameters) {
  add(Method::kGet, "/");
  add(Method::kGet, "/rides");
  add(Method::kGet, "/rides/{rideId}");
  add(Method::kGet, "/rides/{rideId}/users/{name}");
  EXPECT_EQ(get("/"), "/");
  EXPECT_EQ(get("/rides"), "/rides");
  EXPECT_EQ(get("/rides/7"), "/rides/{rideId} rideId=7");
  EXPECT_EQ(get("/rides/7/users/ann"), "/rides/{rideId}/users/{name} rideId=7 name=ann");
  EXPECT_EQ(get("/rides/7/users"), "404");
  EXPECT_EQ(get("/rides/7/users/ann/x"), "404");
  EXPECT_EQ(get("/Rides"), "404");
}

TEST_F(RouterTest, ASlashBehindAPathIsTheSamePath) {
  add(Method::kGet, "/rides");
  add(Method::kGet, "/users/{name}");
  EXPECT_EQ(get("/rides/"), "/rides");
  EXPECT_EQ(get("/users/ann/"), "/users/{name} name=ann");
  EXPECT_EQ(get("/users/"), "404");
  EXPECT_EQ(get("/rides//"), "404");
  EXPECT_EQ(get("//"), "404");
  EXPECT_EQ(get("//rides"), "404");
}

TEST_F(RouterTest, LiteralsWinAndBranchesAreGoneBackFrom) {
  add(Method::kGet, "/rides/{rideId}");
  add(Method::kGet, "/rides/count");
  add(Method::kDelete, "/rides/{rideId}");
  add(Method::kGet, "/rides/{rideId}/users");
  EXPECT_EQ(get("/rides/count"), "/rides/count");
  EXPECT_EQ(get("/rides/count/users"), "/rides/{rideId}/users rideId=count");
  EXPECT_EQ(get("/rides/counts"), "/rides/{rideId} rideId=counts");
  EXPECT_EQ(look_up(Method::kDelete, "/rides/count"), "405 GET, HEAD, OPTIONS");
}

TEST_F(RouterTest, SegmentsAreDecodedAfterTheSplit) {
  add(Method::kGet, "/users/{name}");
  EXPECT_EQ(get("/users/a%2Fb"), "/users/{name} name=a/b");
  EXPECT_EQ(get("/users/a+b"), "/users/{name} name=a+b");
  EXPECT_EQ(get("/%75sers/ann"), "/users/{name} name=ann");
  EXPECT_EQ(get("/users/\xc3\xa4"), "/users/{name} name=\xc3\xa4");
  EXPECT_EQ(get("/users/%25"), "/users/{name} name=%");
}

TEST_F(RouterTest, MalformedPaths) {
  add(Method::kGet, "/users/{name}");
  for (const char* path :
       {"", "users", "/users/%", "/users/%1", "/users/%g0", "/users/%00", "/users/%ff",
        "/users/\xff", "/nowhere/%zz", "/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/%zz"}) {
    EXPECT_EQ(get(path), "400") << path;
  }
  EXPECT_EQ(get("/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/%20"), "404");
}

TEST_F(RouterTest, MethodsOfAPath) {
  add(Method::kGet, "/a");
  add(Method::kPost, "/a");
  add(Method::kPut, "/b");
  EXPECT_EQ(look_up(Method::kHead, "/a"), "/a");
  EXPECT_EQ(look_up(Method::kHead, "/b"), "405 PUT, OPTIONS");
  EXPECT_EQ(look_up(Method::kOptions, "/a"), "options GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(look_up(Method::kOptions, "*"), "options GET, HEAD, POST, PUT, OPTIONS");
  EXPECT_EQ(look_up(Method::kGet, "*"), "400");
  EXPECT_EQ(look_up(Method::kOther, "/a"), "405 GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(router_.routes()[2]->index, 2u);
}

TEST_F(RouterTest, BadTablesAreBugs) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  add(Method::kGet, "/a/{x}");
  EXPECT_DEATH(add(Method::kGet, "/a/{x}"), "already");
  EXPECT_DEATH(add(Method::kPost, "/a/{y}"), "two names");
  EXPECT_DEATH(add(Method::kGet, "b"), "absolute");
  EXPECT_DEATH(add(Method::kGet, "/{}"), "malformed");
  EXPECT_DEATH(add(Method::kHead, "/b"), "no handlers");
}

}  // namespace
}  // namespace tandem::http

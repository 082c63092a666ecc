#include "http/origin_policy.h"

#include <gtest/gtest.h>

namespace tandem::http {
namespace {

Request request(std::string_view host, std::vector<NameValue> headers = {}) {
  return {.method = Method::kPost, .host = host, .headers = std::move(headers)};
}

bool changes(const OriginPolicy& policy, std::string_view host, std::vector<NameValue> headers) {
  return may_change(normal(policy), request(host, std::move(headers)));
}

TEST(KnowsHost, TakesTheNamesOfLoopbackThere) {
  const OriginPolicy policy{.loopback = true};
  for (const char* host : {"localhost", "LocalHost:80", "localhost.", "127.0.0.1", "127.1.2.3:8080",
                           "[::1]", "[::1]:8080", "[0:0:0:0:0:0:0:1]", "[0::0001]:80"}) {
    EXPECT_TRUE(knows_host(policy, request(host))) << host;
  }
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
                           "127.evil", "[::2]", "10.0.0.1", "", "0.0.0.0"}) {
    EXPECT_FALSE(knows_host(policy, request(host))) << host;
  }
  EXPECT_TRUE(knows_host(policy, Request{}));
}

TEST(KnowsHost, TakesAnyElsewhereAndWhatIsConfigured) {
  EXPECT_TRUE(knows_host({}, request("any.example")));
  const OriginPolicy named = normal({.hosts = {"Shop.Example", "::2"}, .loopback = true});
  EXPECT_TRUE(knows_host(named, request("shop.example:8080")));
  EXPECT_TRUE(knows_host(named, request("[::2]:1")));
  EXPECT_TRUE(knows_host(named, request("[0:0::2]:1")));
  EXPECT_FALSE(knows_host(named, request("localhost")));
  EXPECT_TRUE(knows_host({.hosts = {"*"}, .loopback = true}, request("any.example")));
}

TEST(MayChange, IsForProgramsAndOwnPages) {
  EXPECT_TRUE(changes({}, "h:1", {}));
  EXPECT_TRUE(changes({}, "h:1", {{"Origin", "http://h:1"}, {"Sec-Fetch-Site", "same-origin"}}));
  EXPECT_TRUE(changes({}, "H:1", {{"Origin", "http://h:1"}}));
  EXPECT_TRUE(changes({}, "h", {{"Origin", "http://h"}}));
  EXPECT_TRUE(changes({}, "h:80", {{"Origin", "http://h"}}));
  EXPECT_TRUE(changes({}, "h", {{"Origin", "https://h"}}));
  EXPECT_TRUE(changes({}, "[::1]:1", {{"Origin", "http://[::1]:1"}}));
  EXPECT_TRUE(changes({}, "[::80]", {{"Origin", "http://[::80]:80"}}));
  EXPECT_TRUE(changes({}, "[::1]:443", {{"Origin", "https://[::1]"}}));
  EXPECT_TRUE(changes({}, "[0:0:0:0:0:0:0:1]:1", {{"Origin", "http://[::1]:1"}}));
  EXPECT_TRUE(changes({}, "h:1", {{"Sec-Fetch-Site", "none"}}));
}

TEST(MayChange, IsNotForOtherPages) {
  for (const char* origin : {"http://evil", "http://h", "http://h:2", "http://h:1.evil", "null", "",
                             "h:1", "http://evil/h:1", "http://[::1]"}) {
    EXPECT_FALSE(changes({}, "h:1", {{"Origin", origin}})) << origin;
  }
  EXPECT_FALSE(changes({}, "h:1", {{"Sec-Fetch-Site", "cross-site"}}));
  EXPECT_FALSE(changes({}, "h:1", {{"origin", "http://h:1"}, {"sec-fetch-site", "Cross-Site"}}));
  EXPECT_FALSE(changes({}, "h:1", {{"Origin", "http://h:1"}, {"Origin", "http://evil"}}));
}

TEST(MayChange, IsForTheOriginsThatAreAllowed) {
  const OriginPolicy policy{.origins = {"https://Shop.example:443/", "http://a:8080"}};
  EXPECT_TRUE(changes(policy, "h:1",
                      {{"Origin", "https://shop.example"}, {"Sec-Fetch-Site", "cross-site"}}));
  EXPECT_TRUE(changes(policy, "h:1", {{"Origin", "http://a:8080"}}));
  EXPECT_FALSE(changes(policy, "h:1", {{"Origin", "http://shop.example"}}));
  EXPECT_FALSE(changes(policy, "h:1", {{"Origin", "http://a"}}));
}

TEST(CheckPolicy, NamesWhatIsWrong) {
  for (const char* host : {"a.b", "*", "::1", "[::1]", "10.0.0.1"}) EXPECT_TRUE(check_host(host));
  for (const char* host :
       {"", "a:80", "http://a", "a b", "[::1]:80", "[::1", "u@a", ":", "[", "[]", "[x]",
        "[\"localhost\",\"127.0.0.1\"]", "a,b\"", "*.a", "a\tb", "1::x"}) {
    EXPECT_FALSE(check_host(host)) << host;
  }
  for (const char* origin : {"http://a", "https://a:1/", "http://[::1]", "http://[::1]:65535"}) {
    EXPECT_TRUE(check_origin(origin)) << origin;
  }
  for (const char* origin : {"", "*", "a", "http://", "http://a/b", "ftp://a", "http://*.a", "null",
                             "http://:80", "http://a:", "http://a:0", "http://a:65536",
                             "http://a:x", "http://u@a", "http://[::1", "http://::1"}) {
    const Status status = check_origin(origin);
    ASSERT_FALSE(status) << origin;
    EXPECT_EQ(status.error().kind, ErrorKind::kConfig);
  }
}

}  // namespace
}  // namespace tandem::http

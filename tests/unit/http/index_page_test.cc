#include "http/index_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/health.h"
#include "support/recorded_exchange.h"

namespace tandem::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(PrefersHtmlTest, WhereItHasTheHigherWeight) {
  for (const char* accept :
       {"text/html", "TEXT/HTML", "text/*", "application/json;q=0.5, text/html",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "text/html ; level=1 ; q=0.9 , application/json;q=0.8", "*/*;q=0.1, text/html;q=0.2",
        "text/html;q=0.2, application/json;q=0, */*"}) {
    EXPECT_TRUE(prefers_html(accept)) << accept;
  }
  for (const char* accept :
       {"", "*/*", "application/json", "text/html, application/json", "text/html;q=0", "text/plain",
        "text/html;q=nan", "text/html;q=2", "text/html;q=-1",
        "text/html;q=", "application/*, text/html;q=0.9", ";q=1", ",,,", "text/html;q=0.1, */*"}) {
    EXPECT_FALSE(prefers_html(accept)) << accept;
  }
}

class IndexPageTest : public testing::Test {
 protected:
  IndexPageTest() {
    add_index_route(router_, service_);
    router_.add(Method::kGet, "/things", [](const Request&, Responder) {});
    router_.add(Method::kPut, "/things", [](const Request&, Responder) {});
    router_.add(Method::kGet, "/things/{id}", [](const Request&, Responder) {});
    router_.add(Method::kPost, "/clear", [](const Request&, Responder) {});
  }

  support::RecordedExchange& get(std::string_view accept) {
    Request request;
    request.headers = {{"Accept", accept}};
    std::string decoded;
    router_.match(Method::kGet, "/", request.params, decoded)
        .route->handler(request, Responder(exchange_));
    return exchange_;
  }

  ServiceName service_{"rs-<test>", "1 & \"2\""};
  Router router_;
  support::RecordedExchange exchange_;
};

TEST_F(IndexPageTest, APageOfItsOwnIsForWhoPrefersHtml) {
  service_.page = "<p>page</p>";
  EXPECT_EQ(get("text/html").body, "<p>page</p>");
  EXPECT_EQ(exchange_.header("Content-Security-Policy").substr(0, 19), "default-src 'self';");
  EXPECT_EQ(get("*/*").content_type, kJsonType);
}

TEST_F(IndexPageTest, JsonHasNameVersionAndLinks) {
  EXPECT_EQ(get("*/*").status, 200);
  EXPECT_EQ(exchange_.content_type, kJsonType);
  EXPECT_EQ(exchange_.header("Vary"), "Accept");
  EXPECT_EQ(exchange_.body,
            R"({"name":"rs-<test>","version":"1 & \"2\"","links":[)"
            R"({"path":"/things","methods":"GET, PUT"},{"path":"/things/{id}","methods":"GET"},)"
            R"({"path":"/clear","methods":"POST"}]})");
}

TEST_F(IndexPageTest, HtmlIsEscapedAndLinksWhatCanBeFollowed) {
  EXPECT_EQ(get("text/html").content_type, "text/html; charset=utf-8");
  EXPECT_THAT(exchange_.header("Content-Security-Policy"), HasSubstr("default-src 'none'"));
  EXPECT_THAT(exchange_.body, HasSubstr("<h1>rs-&lt;test&gt; 1 &amp; &quot;2&quot;</h1>"));
  EXPECT_THAT(exchange_.body, HasSubstr("<li>GET, PUT <a href=\"/things\">/things</a></li>"));
  EXPECT_THAT(exchange_.body, HasSubstr("<li>GET /things/{id}</li>"));
  EXPECT_THAT(exchange_.body, Not(HasSubstr("href=\"/clear\"")));
}

}  // namespace
}  // namespace tandem::http

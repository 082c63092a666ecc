// What the server answers to single requests: routes, methods, limits and malformed input.
#include "http/server.h"

#include "http/server_fixture.h"

namespace tandem::http {
namespace {

TEST_F(ServerTest, AnswersWithAllHeaders) {
  const Reply reply = client().ask(get("/hello"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, R"("hello")");
  EXPECT_EQ(reply.headers.at("Content-Type"), "application/json");
  EXPECT_EQ(reply.headers.at("Content-Length"), "7");
  EXPECT_EQ(reply.headers.at("X-Request-Id").size(), 16u);
  EXPECT_TRUE(reply.headers.at("Date").ends_with(" GMT"));
  EXPECT_EQ(reply.headers.count("Connection"), 0u);
}

TEST_F(ServerTest, ARequestWithoutAnIdHasThatOfItsTrace) {
  Client& c = client();
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const std::string parent = "Traceparent: 00-" + trace + "-00f067aa0ba902b7-01\r\n";
  EXPECT_EQ(c.ask(get("/hello", parent)).headers.at("X-Request-Id"), trace);
  EXPECT_EQ(c.ask(get("/hello", parent + "X-Request-Id: mine\r\n")).headers.at("X-Request-Id"),
            "mine");
  EXPECT_EQ(c.ask(get("/hello", "traceparent: 00-1-2-3\r\n")).headers.at("X-Request-Id").size(),
            16u);
}

TEST_F(ServerTest, TakesOverASaneRequestId) {
  Client& c = client();
  EXPECT_EQ(c.ask(get("/hello", "x-request-id: abc-1\r\n")).headers.at("X-Request-Id"), "abc-1");
  const std::string longest(128, 'i');
  EXPECT_EQ(c.ask(get("/hello", "X-Request-Id: " + longest + "\r\n")).headers.at("X-Request-Id"),
            longest);
  for (const std::string& bad :
       {std::string(129, 'i'), std::string("a b"), std::string("\xc3\xa4")}) {
    const Reply reply = c.ask(get("/hello", "X-Request-Id: " + bad + "\r\n"));
    EXPECT_EQ(reply.headers.at("X-Request-Id").size(), 16u) << bad;
  }
}

TEST_F(ServerTest, AQueryOfTooManyParametersIs413) {
  std::string target = "/hello?a";
  for (int i = 0; i < 1000; ++i) target += "&a";
  const Reply reply = client().ask(get(target));
  EXPECT_EQ(reply.status, 413);
  EXPECT_NE(reply.body.find("more than 1000 "), std::string::npos) << reply.body;
}

TEST_F(ServerTest, UnknownPathIs404) {
  const Reply reply = client().ask(get("/nowhere"));
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.body, R"({"error":{"code":404,"message":"no such path"}})");
  EXPECT_EQ(client().ask(get("/hello//")).status, 404);
}

TEST_F(ServerTest, KnownPathWithoutTheMethodIs405) {
  Client& c = client();
  const Reply reply = c.ask("DELETE /hello HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(reply.status, 405);
  EXPECT_EQ(reply.headers.at("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_NE(reply.body.find(R"("code":405)"), std::string::npos);
  EXPECT_EQ(c.ask("HEAD /echo HTTP/1.1\r\nHost: t\r\n\r\n", true).status, 405);
  EXPECT_EQ(c.ask(get("/hello")).status, 200);
}

TEST_F(ServerTest, UnknownMethodsAre405Or404) {
  Reply reply = client().ask("FROB /hello HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(reply.status, 405);
  EXPECT_EQ(reply.headers.at("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(reply.headers.at("Connection"), "close");
  EXPECT_EQ(client().ask("get /hello HTTP/1.1\r\nHost: t\r\n\r\n").status, 405);
  EXPECT_EQ(client().ask("FROB /nowhere HTTP/1.1\r\nHost: t\r\n\r\n").status, 404);
  EXPECT_EQ(client().ask("FROB /%zz HTTP/1.1\r\nHost: t\r\n\r\n").status, 400);
  EXPECT_EQ(client().ask(get("/hello") + "FROB /hello HTTP/1.1\r\n\r\n").status, 200);
  EXPECT_EQ(clients_.back()->reply().status, 405);
}

TEST_F(ServerTest, OptionsIs204WithAllow) {
  Client& c = client();
  Reply reply = c.ask("OPTIONS /echo HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(reply.status, 204);
  EXPECT_EQ(reply.headers.at("Allow"), "POST, OPTIONS");
  EXPECT_EQ(reply.headers.count("Content-Length"), 0u);
  reply = c.ask("OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(reply.status, 204);
  EXPECT_EQ(reply.headers.at("Allow"), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(c.ask("OPTIONS /nowhere HTTP/1.1\r\nHost: t\r\n\r\n").status, 404);
}

TEST_F(ServerTest, HeadIsGetWithoutTheBody) {
  Client& c = client();
  const Reply reply = c.ask("HEAD /hello HTTP/1.1\r\nHost: t\r\n\r\n", true);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.at("Content-Length"), "7");
  EXPECT_EQ(c.ask(get("/hello")).body, R"("hello")");
}

TEST_F(ServerTest, EmptyAnswersHaveNoBodyAndNoLength) {
  Client& c = client();
  const Reply reply = c.ask(get("/empty"));
  EXPECT_EQ(reply.status, 204);
  EXPECT_EQ(reply.headers.count("Content-Length"), 0u);
  EXPECT_EQ(c.ask(get("/hello")).status, 200);
}

TEST_F(ServerTest, ADroppedResponderIs500) {
  Client& c = client();
  EXPECT_EQ(c.ask(get("/dropped")).status, 500);
  EXPECT_EQ(c.ask(get("/hello")).status, 200);
}

TEST_F(ServerTest, ParametersAreDecoded) {
  Client& c = client();
  EXPECT_EQ(c.ask(get("/names/ann")).body, "ann");
  EXPECT_EQ(c.ask(get("/names/a%2Fb+c%20d")).body, "a/b+c d");
  EXPECT_EQ(c.ask(get("/names/%C3%A4%F0%9F%9A%97")).body, "\xc3\xa4\xf0\x9f\x9a\x97");
  for (const char* bad : {"%", "%4", "%zz", "%00", "%ff", "a%C3", "%ED%A0%80", "%C0%AF"}) {
    const Reply reply = c.ask(get(std::string("/names/") + bad));
    EXPECT_EQ(reply.status, 400) << bad;
    EXPECT_TRUE(reply.body.starts_with(R"({"error":{"code":400)")) << bad;
  }
}

TEST_F(ServerTest, QueryIsDecoded) {
  Client& c = client();
  EXPECT_EQ(c.ask(get("/query?a=1&b=x+y%26&&c&=d")).body, "a=1;b=x y&;c=;=d;");
  EXPECT_EQ(c.ask(get("/query?")).body, "");
  EXPECT_EQ(c.ask(get("/query?a=%zz")).status, 400);
  EXPECT_EQ(c.ask(get("/query?a=%00")).status, 400);
}

TEST_F(ServerTest, AbsoluteFormIsUnderstood) {
  Client& c = client();
  EXPECT_EQ(c.ask("GET http://test/hello HTTP/1.1\r\nHost: test\r\n\r\n").status, 200);
  EXPECT_EQ(c.ask("GET http://test HTTP/1.1\r\nHost: test\r\n\r\n").status, 404);
}

TEST_F(ServerTest, BodiesByLengthAndByChunks) {
  Client& c = client();
  EXPECT_EQ(c.ask(post("/echo", "abc")).body, "abc");
  EXPECT_EQ(c.ask(post("/echo", "")).body, "");
  EXPECT_EQ(c.ask("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n")
                .body,
            "abcde");
  EXPECT_EQ(c.ask(get("/hello")).status, 200);
}

TEST_F(ServerTest, Expect100Continue) {
  Client& c = client();
  c.send("POST /echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(c.reply().status, 100);
  EXPECT_EQ(c.ask("abc").body, "abc");
  EXPECT_EQ(client().ask(get("/hello", "Expect: tea\r\n")).status, 417);
}

TEST_F(ServerTest, BodyOverTheLimitIs413) {
  limits().body_bytes = 100;
  EXPECT_EQ(client().ask(post("/echo", std::string(100, 'x'))).status, 200);
  Client& c = client();
  const Reply reply = c.ask(post("/echo", std::string(101, 'x')));
  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(reply.headers.at("Connection"), "close");
  EXPECT_TRUE(c.closed());
  EXPECT_EQ(client()
                .ask("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" +
                     std::string(101, 'x') + "\r\n0\r\n\r\n")
                .status,
            413);
  // The client need not have sent the body to be told, and none of it is asked for.
  EXPECT_EQ(client()
                .ask("POST /echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\n"
                     "Content-Length: 101\r\n\r\n")
                .status,
            413);
}

TEST_F(ServerTest, A413ReachesAClientThatIsStillSending) {
  Client& c = client();
  const Reply reply = c.ask(post("/echo", std::string(8 << 20, 'x')));
  EXPECT_EQ(reply.status, 413);
}

TEST_F(ServerTest, EndlessChunkExtensionsAre413) {
  limits() = {.body_bytes = 16, .target_bytes = 64, .header_bytes = 256};
  Client& c = client();
  c.send("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n1;a=");
  c.send(std::string(4096, 'e'));
  EXPECT_EQ(c.reply().status, 413);
}

TEST_F(ServerTest, TargetOverTheLimitIs414) {
  const std::string longest = "/names/" + std::string((8 << 10) - 7, 'n');
  EXPECT_EQ(client().ask(get(longest)).status, 200);
  Client& c = client();
  EXPECT_EQ(c.ask(get(longest + "n")).status, 414);
  EXPECT_TRUE(c.closed());
}

TEST_F(ServerTest, HeadersOverTheLimitAre431) {
  EXPECT_EQ(client().ask(get("/hello", "X: " + std::string(16'000, 'x') + "\r\n")).status, 200);
  EXPECT_EQ(client().ask(get("/hello", "X: " + std::string(16'384, 'x') + "\r\n")).status, 431);
  std::string many;
  for (int i = 0; i < 4000; ++i) many += "a:\r\n";
  EXPECT_EQ(client().ask(get("/hello", many)).status, 431);
  std::string trailers;
  for (int i = 0; i < 4000; ++i) trailers += "t: 1\r\n";
  EXPECT_EQ(client()
                .ask("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" +
                     trailers + "\r\n")
                .status,
            431);
}

TEST_F(ServerTest, MalformedRequestsAre400AndClose) {
  const std::string head = "POST /echo HTTP/1.1\r\nHost: t\r\n";
  const std::vector<std::string> bad = {
      "\x16\x03\x01\x02\x01\x01\xfc\x03\x03",
      "nonsense\r\n\r\n",
      "GET\r\n\r\n",
      "G\x01T /hello HTTP/1.1\r\nHost: t\r\n\r\n",
      "GET hello HTTP/1.1\r\nHost: t\r\n\r\n",
      "GET * HTTP/1.1\r\nHost: t\r\n\r\n",
      "GET /hello HTTP/1.1\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHost: t\r\nHost: u\r\n\r\n",
      "GET /hello HTTP/1.1\nHost: t\n\n",
      "GET /hello HTTP/1.1\r\nHost: t\nX: y\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHost : t\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHost: t\r\nA B: c\r\n\r\n",
      std::string("GET /hello HTTP/1.1\r\nHost: t\r\nA: b\0c\r\n\r\n", 40),
      "GET /hello HTTP/1.1\r\nHost: t\r\nA: b\rc\r\n\r\n",
      "CONNECT test:80 HTTP/1.1\r\nHost: t\r\n\r\n",
      head + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      head + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
      head + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
      head + "Content-Length : 3\r\n\r\nabc",
      head + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
      head + "Content-Length: -1\r\n\r\n",
      head + "Content-Length: 99999999999999999999\r\n\r\n",
      head + "Content-Length: 3x\r\n\r\nabc",
      head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
      head + "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
      "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  };
  for (const std::string& request : bad) {
    Client& c = client();
    Reply reply = c.ask(request);
    EXPECT_EQ(reply.status, 400) << request;
    EXPECT_TRUE(reply.body.starts_with(R"({"error":{"code":400)")) << request;
    EXPECT_EQ(reply.headers["Connection"], "close") << request;
    EXPECT_TRUE(c.closed()) << request;
    EXPECT_EQ(c.received, "") << request;
  }
}

TEST_F(ServerTest, OtherVersionsAndCodings) {
  EXPECT_EQ(client().ask("GET /hello HTTP/2.0\r\nHost: t\r\n\r\n").status, 505);
  EXPECT_EQ(client().ask("GET /hello HTTP/9.9\r\nHost: t\r\n\r\n").status, 505);
  EXPECT_EQ(client().ask("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").status, 505);
  EXPECT_EQ(client()
                .ask("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")
                .status,
            501);
  // An upgrade that is not offered is ignored.
  EXPECT_EQ(client().ask(get("/hello", "Connection: upgrade\r\nUpgrade: h2c\r\n")).status, 200);
}

TEST_F(ServerTest, FoldedHeadersCannotSmuggleLines) {
  Client& c = client();
  const Reply reply = c.ask(get("/hello", "X-Request-Id: a\r\n b\r\n"));
  EXPECT_TRUE(reply.status == 400 || reply.headers.at("X-Request-Id").size() == 16u);
}

TEST_F(ServerTest, HeadersOfHandlersCannotInjectLines) {
  router_.add(Method::kGet, "/inject/{value}", [](const Request& request, Responder out) {
    out.json(200, "{}", {{"X-Value", request.param("value")}});
  });
  router_.add(Method::kGet, "/inject-name", [](const Request&, Responder out) {
    out.json(200, "{}", {{"X: y\r\nZ", "1"}});
  });
  router_.add(Method::kGet, "/inject-type",
              [](const Request&, Responder out) { out.text(200, "text/plain\r\nX: y", ""); });
  router_.add(Method::kGet, "/own-length", [](const Request&, Responder out) {
    out.json(200, "{}", {{"Content-length", "0"}});
  });
  Client& c = client();
  EXPECT_EQ(c.ask(get("/inject/good")).headers.at("X-Value"), "good");
  for (const char* target : {"/inject/a%0d%0aSet-Cookie:%20b", "/inject/a%0ab", "/inject-name",
                             "/inject-type", "/own-length"}) {
    const Reply reply = c.ask(get(target));
    EXPECT_EQ(reply.status, 500) << target;
    EXPECT_EQ(reply.headers.count("Set-Cookie"), 0u);
  }
}

TEST_F(ServerTest, TheObserverSeesEachRequest) {
  Client& c = client();
  c.ask(get("/names/ann"));
  c.ask("DELETE /hello HTTP/1.1\r\nHost: t\r\n\r\n");
  c.ask(get("/nowhere"));
  c.ask("nonsense\r\n\r\n");
  ASSERT_EQ(seen_.size(), 4u);
  EXPECT_EQ(seen_[0].pattern, "/names/{name}");
  EXPECT_EQ(seen_[0].status, 200);
  EXPECT_GT(seen_[0].bytes, 100u);
  EXPECT_EQ(seen_[1].pattern, "/hello");
  EXPECT_EQ(seen_[1].method, "DELETE");
  EXPECT_EQ(seen_[1].status, 405);
  EXPECT_EQ(seen_[2].pattern, "");
  EXPECT_EQ(seen_[3].status, 400);
}

TEST_F(ServerTest, APortInUseIsAnError) {
  client();
  Server second(loop_, options_, router_);
  const Status status = second.listen("127.0.0.1", server_->port());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kBusy);
  EXPECT_NE(status.error().message.find("cannot listen on 127.0.0.1:"), std::string::npos);
}

}  // namespace
}  // namespace tandem::http

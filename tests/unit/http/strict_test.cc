// Streams of bytes on which parsers have disagreed, from the published reports and test suites of
// HTTP/1.1 servers and proxies: none of them may be read in more than one way.
#include <gmock/gmock.h>

#include <cctype>

#include "http/server_fixture.h"

namespace tandem::http {
namespace {

constexpr const char* kChunked =
    "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
// A request that must not be taken for another one.
constexpr const char* kNext = "GET /hello HTTP/1.1\r\nHost: t\r\n\r\n";

class StrictTest : public ServerTest {
 protected:
  // The statuses of all answers until the server closes, joined by blanks.
  std::string statuses(const std::string& bytes, bool byte_by_byte) {
    Client& c = client();
    if (byte_by_byte) {
      for (const char byte : bytes) c.send({&byte, 1});
    } else {
      c.send(bytes);
    }
    c.end_sending();
    EXPECT_TRUE(c.closed()) << bytes;
    std::string text;
    for (size_t at = 0; (at = c.received.find("HTTP/1.1 ", at)) != std::string::npos; ++at) {
      if (std::isdigit(static_cast<unsigned char>(c.received[at + 9])) == 0) continue;
      if (!text.empty()) text += ' ';
      text += c.received.substr(at + 9, 3);
    }
    return text;
  }
  void expect(const std::string& bytes, const std::string& wanted) {
    EXPECT_EQ(statuses(bytes, false), wanted) << bytes;
    EXPECT_EQ(statuses(bytes, true), wanted) << "byte by byte: " << bytes;
  }
};

TEST_F(StrictTest, WhatStandsBetweenChunksIsLookedAt) {
  for (const std::string body :
       {"5\r\nhelloXX0\r\n\r\n", "5\r\nhello0\r\n\r\n", "5\r\nhello\r0\r\n\r\n",
        "5\r\r;ABCD\r\n34\r\nhello\r\n0\r\n\r\n", "5\r\r\nhello\r\n0\r\n\r\n",
        "5;a\rb\r\nhello\r\n0\r\n\r\n", "5;a\nhello\r\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\n\n", "5\rhello\r\n0\r\n\r\n",
        "5;\x01\r\nhello\r\n0\r\n\r\n", "\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nhello\r\n0\r\n\r\n"}) {
    expect(kChunked + body + kNext, "400");
  }
  expect(std::string(kChunked) + "5;a=b\r\n\"hel\"\r\n0\r\n\r\n" + kNext, "200 200");
}

TEST_F(StrictTest, TrailersAreHeaders) {
  const std::string body = std::string(kChunked) + "2\r\n{}\r\n0\r\n";
  for (const std::string trailers :
       {"A: b\rC: d\r\n\r\n", "A: b\nC: d\r\n\r\n", "A: b\r\n c\r\n\r\n", " A: b\r\n\r\n", "\rX",
        "\n", "A: b\r\n\n"}) {
    expect(body + trailers + kNext, "400");
  }
  expect(body + "A: b\r\n\r\n" + kNext, "200 200");
}

TEST_F(StrictTest, LinesOfAHeadEndWithCrlf) {
  for (const std::string head :
       {"GET /hello HTTP/1.1\nHost: t\r\n\r\n", "GET /hello HTTP/1.1\r\nHost: t\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: t\r\n\n", "GET /hello HTTP/1.1\n\nHost: t\r\n\r\n",
        "GET /hello HTTP/1.1\rHost: t\r\n\r\n", "GET /hello HTTP/1.1\r\nHost: t\r\n\rX\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: t\r\nX: Y\rContent-Length: 1\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: t\r\n\rContent-Length: 1\r\n\r\n",
        "GET /hello HTTP/1.1\r\nHost: t\r\nX:\rY\r\n\r\n",
        "\nGET /hello HTTP/1.1\r\nHost: t\r\n\r\n", "\rGET /hello HTTP/1.1\r\nHost: t\r\n\r\n",
        "GET /hello HTTP/1.1\r\r\nHost: t\r\n\r\n"}) {
    expect(head + kNext, "400");
  }
  expect("\r\n\r\nGET /hello HTTP/1.1\r\nHost: t\r\n\r\n\r\n" + std::string(kNext), "200 200");
}

TEST_F(StrictTest, HeadersAreNotFolded) {
  for (const std::string header :
       {"A: b\r\n c", "A:\r\n b", "A: b\r\n\tc", "A: b\r\n ", "A:\r\n \r\n b",
        "Transfer-Encoding:\r\n chunked", "Content-Length: 1\r\n 0"}) {
    expect("GET /hello HTTP/1.1\r\nHost: t\r\n" + header + "\r\n\r\n" + kNext, "400");
  }
  expect("GET /hello HTTP/1.1\r\n Host: t\r\n\r\n" + std::string(kNext), "400");
}

TEST_F(StrictTest, NamesAndValuesOfHeaders) {
  for (const std::string header : {": b",
                                   " : b",
                                   "A b: c",
                                   "A : b",
                                   "A",
                                   "A\t: b",
                                   "(A): b",
                                   "\"A\": b",
                                   "A: \x01",
                                   "A: \x7f",
                                   "Content-Length: +1",
                                   "Content-Length: -1",
                                   "Content-Length: 1 1",
                                   "Content-Length: 0x1",
                                   "Content-Length: 1, 1",
                                   "Content-Length: ",
                                   "Content-Length: 1\r\nContent-Length: 1",
                                   "Content-Length: 99999999999999999999",
                                   "Content-Length: 1\r\nTransfer-Encoding: chunked",
                                   "Transfer-Encoding: chunked, chunked",
                                   "Transfer-Encoding: \vchunked"}) {
    expect("POST /echo HTTP/1.1\r\nHost: t\r\n" + header + "\r\n\r\n" + kNext, "400");
  }
}

TEST_F(StrictTest, BlanksAroundAValueAreNotPartOfIt) {
  for (const std::string blanks : {" ", "\t", " \t ", "   "}) {
    Client& c = client();
    const Reply reply =
        c.ask("GET /hello HTTP/1.1\r\nHost:" + blanks + "localhost" + blanks +
              "\r\nX-Request-Id: me" + blanks + "\r\nConnection: close" + blanks + "\r\n\r\n");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.headers.at("X-Request-Id"), "me");
    EXPECT_TRUE(c.closed());
    Client& waits = client();
    waits.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2 \r\nExpect: 100-continue" +
               blanks + "\r\n\r\n");
    EXPECT_TRUE(waits.until([&] { return waits.received.starts_with("HTTP/1.1 100"); }));
  }
}

// llhttp reads no TAB behind these two: they are refused, never read as something else.
TEST_F(StrictTest, TheLengthOfABodyIsReadInOneWay) {
  const std::string head = "POST /echo HTTP/1.1\r\nHost: t\r\n";
  expect(head + "Content-Length: 2 \r\n\r\n{}" + kNext, "200 200");
  expect(head + "Content-Length:\t2  \r\n\r\n{}" + kNext, "200 200");
  expect(head + "Transfer-Encoding: chunked \r\n\r\n2\r\n{}\r\n0\r\n\r\n" + kNext, "200 200");
  for (const std::string header :
       {"Content-Length: 2\t", "Content-Length: 2 \t", "Transfer-Encoding: chunked\t",
        "Transfer-Encoding: chunked \t"}) {
    expect(head + header + "\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + kNext, "400");
  }
}

TEST_F(StrictTest, AChunkThatIsTooLongIsRefusedBeforeItComes) {
  Client& c = client();
  const Reply reply = c.ask(std::string(kChunked) + "fffffffffff\r\n");
  EXPECT_EQ(reply.status, 413);
  EXPECT_TRUE(c.closed());
}

TEST_F(StrictTest, AnAbsoluteTargetMayLackItsPath) {
  Client& c = client();
  const Reply lacks = c.ask("GET http://t?x=1 HTTP/1.1\r\nHost: t\r\nA: b\r\n\r\n");
  EXPECT_EQ(lacks.status, 404);  // as "/" is here
  EXPECT_THAT(lacks.body, testing::HasSubstr("no such path"));
  expect("GET http://?x=1 HTTP/1.1\r\nHost: t\r\n\r\n" + std::string(kNext), "400");
}

TEST_F(StrictTest, HostIsANameOrAnAddress) {
  for (const std::string host : {"a b",       "\"a b\"",      "\"a\"",
                                 "a/b",       "a@b",          "a:b",
                                 "a:1:2",     "[::1",         "[]",
                                 "[::1]x",    "[x]",          "::1",
                                 "a%zz",      "a?b",          "<a>",
                                 "a\\b",      "\xc3\xa4",     "a:65536",
                                 "a:99999",   "a:4294967376", "a:-1",
                                 "a:+80",     "[::1]:65536",  "[::1]:a",
                                 "[1]",       "[:::]",        "[1:2:3:4:5:6:7:8:9]",
                                 "[12345::]", "[127.0.0.1]"}) {
    expect("GET /hello HTTP/1.1\r\nHost: " + host + "\r\n\r\n" + kNext, "400");
    if (host.find_first_of(" /?") != std::string::npos) continue;
    expect("GET http://" + host + "/hello HTTP/1.1\r\nHost: t\r\n\r\n" + kNext, "400");
  }
  for (const std::string host :
       {"", "a", "a:", "a:80", "a:0", "a:65535", "a:00000080", "a-b.c_d~", "127.0.0.1:8080",
        "[::1]", "[::1]:80", "[::ffff:1.2.3.4]", "[::1]:", "xn--tx-8ia", "a%20b"}) {
    expect("GET /hello HTTP/1.1\r\nHost: " + host + "\r\n\r\n" + kNext, "200 200");
  }
  for (const std::string host : {"", ":80", ":"}) {
    expect("GET http://" + host + "/hello HTTP/1.1\r\nHost: t\r\n\r\n" + kNext, "400");
  }
}

TEST_F(StrictTest, TheTargetIsVisibleAscii) {
  for (const std::string target :
       {"/a\tb", "/a\x0c", "/a\x80", "/\xc3\xa4", "/a\x7f", "/hello#x", "/a\x01", "/a\x0b"}) {
    expect("GET " + target + " HTTP/1.1\r\nHost: t\r\n\r\n" + kNext, "400");
    expect("FROB " + target + " HTTP/1.1\r\nHost: t\r\n\r\n" + kNext, "400");
  }
}

TEST_F(StrictTest, TheRequestLineHasThreeParts) {
  for (const std::string line : {"GET  /hello HTTP/1.1",
                                 "GET /hello  HTTP/1.1",
                                 "GET /hello HTTP/1.1 ",
                                 "GET /hello",
                                 "GET /hello ",
                                 " GET /hello HTTP/1.1",
                                 "GET\t/hello HTTP/1.1",
                                 "GET /hello\tHTTP/1.1",
                                 "GET /hello RTSP/1.0",
                                 "GET /hello ICE/1.0",
                                 "OPTIONS /hello RTSP/1.0",
                                 "DESCRIBE /hello RTSP/1.0",
                                 "GET /hello http/1.1",
                                 "GET /hello HTTP/1",
                                 "GET /hello HTTP/1.",
                                 "GET /hello HTTP/1.10",
                                 "GET /hello HTTP/01.1",
                                 "GET /hello HTTP/1,1",
                                 "GET /hello HTTP/+1.1",
                                 "GET /hello x HTTP/1.1",
                                 "FROB /hello HTTP/1.1 ",
                                 "FROB /hello HTTP/1.x"}) {
    expect(line + "\r\nHost: t\r\n\r\n" + kNext, "400");
  }
}

TEST_F(StrictTest, AMinorVersionMayBeNewerAndAMajorOneMayNot) {
  expect("GET /hello HTTP/1.2\r\nHost: t\r\n\r\nGET /hello HTTP/1.9\r\nHost: t\r\n\r\n", "200 200");
  expect("GET /hello HTTP/1.2\r\n\r\n", "400");
  for (const std::string version : {"0.9", "2.0", "3.0", "9.9"}) {
    expect("GET /hello HTTP/" + version + "\r\nHost: t\r\n\r\n" + kNext, "505");
  }
}

TEST_F(StrictTest, AnErrorToHeadHasNoBody) {
  const std::string cases[] = {"HEAD /nowhere HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n",
                               "HEAD /%zz HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n",
                               "HEAD /hello HTTP/1.1\r\n\r\n",
                               "HEAD /hello HTTP/1.1\r\nA b\r\n\r\n",
                               "HEAD /hello HTTP/2.0\r\nHost: t\r\n\r\n",
                               "HEAD /" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: t\r\n\r\n",
                               "HEAD / HTTP/1.1\r\nHost: t\r\nX: " + std::string(20000, 'x')};
  for (const std::string& request : cases) {
    Client& c = client();
    c.send(request);
    EXPECT_TRUE(c.closed());
    EXPECT_TRUE(c.received.ends_with("\r\n\r\n")) << c.received;
    EXPECT_THAT(c.received, testing::HasSubstr("Content-Length: ")) << request.substr(0, 50);
  }
  Client& c = client();
  c.send("HEAD /hello HTTP/1.1\r\nHost: t\r\n\r\nGET /hello HTTP/1.1\r\nHost: t\r\nA b\r\n\r\n");
  EXPECT_TRUE(c.closed());
  EXPECT_TRUE(c.received.ends_with("}}")) << c.received;
}

}  // namespace
}  // namespace tandem::http

#include "fetch/fetcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "support/http_server.h"
#include "support/temporary_directory.h"

namespace tandem::fetch {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class FetcherTest : public testing::Test {
 protected:
  Fetcher::Completion keep_last() {
    return [this](Result<Answer> result) {
      last_ = std::move(result);
      ++done_;
    };
  }
  // Turns the loop without blocking in it: what is waited for may come from a timer, after which
  // nothing else would wake it up.
  void until(const std::function<bool()>& done) {
    while (!done()) loop_.run_once_nowait();
  }
  Result<Answer> fetch_one(Request request) {
    const int before = done_;
    EXPECT_TRUE(fetcher_.fetch(std::move(request), keep_last()));
    EXPECT_EQ(done_, before) << "completed from inside fetch()";
    until([&] { return done_ != before; });
    return *last_;
  }

  loop::Loop loop_;
  support::HttpServer server_{loop_};
  Fetcher fetcher_{loop_, {.max_in_flight = 4, .max_body = 1000}};
  std::optional<Result<Answer>> last_;
  int done_ = 0;
};

TEST_F(FetcherTest, GivesStatusHeadersAndBody) {
  server_.respond = [](const std::string&) {
    return "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nX-Request-Id: 7\r\n\r\ngone";
  };
  const auto answer = fetch_one({.url = server_.url("/x")});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 404);
  EXPECT_EQ(answer->body, "gone");
  EXPECT_EQ(answer->header("X-Request-Id"), "7");
}

TEST_F(FetcherTest, SendsMethodHeadersAndBodyAsTheyAre) {
  ASSERT_TRUE(fetch_one({.method = "PUT",
                         .url = server_.url("/a/%2E%2E/b"),
                         .headers = {"Idempotency-Key: k", "Content-Type: application/json"},
                         .body = "{\"a\":1}"}));
  const std::string& request = server_.requests.at(0);
  EXPECT_THAT(request, StartsWith("PUT /a/%2E%2E/b HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("Idempotency-Key: k\r\n"));
  EXPECT_THAT(request, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\n\r\n{\"a\":1}"));
  EXPECT_THAT(request, Not(HasSubstr("Expect")));
}

TEST_F(FetcherTest, SendsAnEmptyPostWithALengthAndWithoutAType) {
  ASSERT_TRUE(fetch_one({.method = "POST", .url = server_.url("/")}));
  EXPECT_THAT(server_.requests.at(0), HasSubstr("Content-Length: 0\r\n"));
  EXPECT_THAT(server_.requests.at(0), Not(HasSubstr("Content-Type")));
}

TEST_F(FetcherTest, DoesNotWaitForTheBodyOfAHead) {
  const auto answer = fetch_one({.method = "HEAD", .url = server_.url("/")});
  ASSERT_TRUE(answer);
  EXPECT_THAT(server_.requests.at(0), StartsWith("HEAD / "));
}

TEST_F(FetcherTest, KeepsConnectionsAlive) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(fetch_one({.url = server_.url("/")}));
  EXPECT_EQ(server_.accepted, 1);
}

TEST_F(FetcherTest, TakesAConnectionOfItsOwnForWhatMustBeSentOnce) {
  ASSERT_TRUE(fetch_one({.url = server_.url("/")}));
  ASSERT_TRUE(fetch_one({.method = "POST", .url = server_.url("/"), .once = true}));
  EXPECT_EQ(server_.accepted, 2);
}

TEST_F(FetcherTest, RunsManyAtATimeUpToItsLimit) {
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(fetcher_.fetch({.url = server_.url("/")}, keep_last()));
  }
  EXPECT_EQ(fetcher_.in_flight(), 4u);
  const auto refused = fetcher_.fetch({.url = server_.url("/")}, keep_last());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kBusy);
  until([&] { return done_ == 4; });
  EXPECT_EQ(server_.accepted, 4);
  EXPECT_EQ(fetcher_.in_flight(), 0u);
}

TEST_F(FetcherTest, LetsACompletionFetchAgain) {
  int left = 10;
  std::function<void(Result<Answer>)> again = [&](const Result<Answer>& answer) {
    ASSERT_TRUE(answer);
    if (--left > 0) {
      ASSERT_TRUE(fetcher_.fetch({.url = server_.url("/")}, again));
    }
  };
  again(Answer{});
  until([&] { return left == 0; });
  EXPECT_EQ(server_.requests.size(), 9u);
}

TEST_F(FetcherTest, SaysThatNothingWasSentWhereNobodyListens) {
  const std::string url = server_.url("/");
  server_.stop_listening();
  const auto answer = fetch_one({.url = url});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(answer.error().message, "cannot connect to '" + url + "': Connection refused");
}

TEST_F(FetcherTest, SaysThatTheOutcomeIsUnknownWhereTheConnectionBreaks) {
  server_.respond = [](const std::string&) { return ""; };
  ASSERT_TRUE(fetcher_.fetch({.method = "POST", .url = server_.url("/")}, keep_last()));
  until([&] { return !server_.requests.empty(); });
  server_.hang_up();
  until([&] { return done_ > 0; });
  ASSERT_FALSE(*last_);
  EXPECT_EQ(last_->error().kind, ErrorKind::kUnknown);
}

TEST_F(FetcherTest, KnowsThatARequestWasSentOnAKeptConnection) {
  ASSERT_TRUE(fetch_one({.url = server_.url("/")}));
  server_.respond = [](const std::string&) { return ""; };
  ASSERT_TRUE(
      fetcher_.fetch({.method = "POST", .url = server_.url("/"), .timeout_ms = 300}, keep_last()));
  until([&] { return done_ == 2; });
  ASSERT_EQ(server_.accepted, 1);
  ASSERT_EQ(server_.requests.size(), 2u);
  ASSERT_FALSE(*last_);
  EXPECT_EQ(last_->error().kind, ErrorKind::kTimeout);
  EXPECT_THAT(last_->error().message, HasSubstr("no answer in time"));
}

// libcurl sends again what got no answer on a kept connection. That the second connection cannot be
// made does not undo what was sent on the first.
TEST_F(FetcherTest, KnowsThatARequestWasSentBeforeTheConnectionCouldNotBeMadeAgain) {
  ASSERT_TRUE(fetch_one({.url = server_.url("/")}));
  server_.respond = [](const std::string&) { return ""; };
  ASSERT_TRUE(
      fetcher_.fetch({.method = "POST", .url = server_.url("/"), .body = "x"}, keep_last()));
  until([&] { return server_.requests.size() == 2; });
  server_.stop_listening();
  server_.hang_up();
  until([&] { return done_ == 2; });
  ASSERT_FALSE(*last_);
  EXPECT_EQ(last_->error().kind, ErrorKind::kUnknown);
  EXPECT_THAT(last_->error().message, HasSubstr("Connection refused"));
}

TEST_F(FetcherTest, CountsWhatWasSentForEachRequestAnew) {
  ASSERT_TRUE(fetch_one({.url = server_.url("/")}));
  const std::string url = server_.url("/");
  server_.stop_listening();
  server_.hang_up();
  const auto answer = fetch_one({.url = url, .once = true});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kUnavailable);
}

TEST_F(FetcherTest, EndsAtTheDeadline) {
  server_.respond = [](const std::string&) { return ""; };
  const auto answer = fetch_one({.url = server_.url("/"), .timeout_ms = 1});
  ASSERT_FALSE(answer);
  // The deadline may come before the connection does.
  EXPECT_THAT(answer.error().kind, testing::AnyOf(ErrorKind::kTimeout, ErrorKind::kUnavailable));
}

TEST_F(FetcherTest, RefusesALongerAnswerThanAllowed) {
  server_.respond = [](const std::string&) {
    return "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'x');
  };
  const auto answer = fetch_one({.url = server_.url("/")});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kTooLarge);
}

TEST_F(FetcherTest, AsksAServerAtAUnixSocket) {
  const support::TemporaryDirectory scratch;
  support::HttpServer local{loop_, scratch.file("http.sock")};
  const auto answer =
      fetch_one({.url = "http://localhost/x", .unix_socket = scratch.file("http.sock")});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "ok");
  EXPECT_THAT(local.requests.at(0), StartsWith("GET /x HTTP/1.1\r\nHost: localhost\r\n"));
}

TEST_F(FetcherTest, NamesTheUnixSocketWhereNobodyListens) {
  const auto answer = fetch_one({.url = "http://localhost/x", .unix_socket = "/nonexistent/sock"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("'http://localhost/x' by '/nonexistent/sock': "));
}

// Whether it can be trusted is tried with a real server in consul_services.bats.
TEST_F(FetcherTest, SendsNothingWhereAnAuthoritysFileIsMissing) {
  const auto answer = fetch_one(
      {.url = "https" + server_.url("/").substr(4), .tls = {.ca_file = "/nonexistent/ca.pem"}});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(answer.error().message, HasSubstr("'/nonexistent/ca.pem'"));
  EXPECT_TRUE(server_.requests.empty());
}

TEST_F(FetcherTest, NamesTheFilesOfACertificateThatIsOfNoUse) {
  const auto answer =
      fetch_one({.url = "https" + server_.url("/").substr(4),
                 .tls = {.cert_file = "/nonexistent/c.pem", .key_file = "/none/k"}});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(answer.error().message,
              HasSubstr("(certificate '/nonexistent/c.pem', key '/none/k')"));
  EXPECT_TRUE(server_.requests.empty());
}

TEST_F(FetcherTest, RefusesOtherProtocols) {
  const auto answer = fetch_one({.url = "file:///dev/null"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kConfig);
}

TEST_F(FetcherTest, HandsAStreamOutPieceByPieceAndCancelsIt) {
  server_.respond = [](const std::string&) {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nid: 1\n" +
           std::string(2000, 'x');
  };
  std::string seen;
  const auto id = fetcher_.fetch({.url = server_.url("/"),
                                  .timeout_ms = 0,
                                  .on_body = [&](std::string_view bytes) { seen += bytes; }},
                                 keep_last());
  ASSERT_TRUE(id);
  until([&] { return seen.size() >= 2006; });
  fetcher_.cancel(*id);
  EXPECT_EQ(fetcher_.in_flight(), 0u);
  EXPECT_EQ(done_, 0);
  EXPECT_THAT(seen, StartsWith("id: 1\n"));
}

TEST_F(FetcherTest, KeepsTheBodyOfARefusalOutOfTheStream) {
  server_.respond = [](const std::string&) {
    return "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy";
  };
  std::string seen;
  const auto answer = fetch_one(
      {.url = server_.url("/"), .on_body = [&](std::string_view bytes) { seen += bytes; }});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "busy");
  EXPECT_EQ(seen, "");
}

TEST_F(FetcherTest, DropsWhatIsInFlightWhenItGoes) {
  server_.respond = [](const std::string&) { return ""; };
  {
    Fetcher other{loop_, {}};
    ASSERT_TRUE(other.fetch({.url = server_.url("/")}, keep_last()));
    until([&] { return !server_.requests.empty(); });
  }
  EXPECT_EQ(done_, 0);
}

}  // namespace
}  // namespace tandem::fetch

#include "consulhost/http_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "support/http_server.h"
#include "support/temporary_directory.h"

namespace tandem::consulhost {
namespace {

using support::HttpServer;
using testing::HasSubstr;
using testing::Not;

std::string silence(const std::string&) { return ""; }
std::string hang_up(const std::string&) { return HttpServer::kHangUp; }

class HttpTransportTest : public testing::Test {
 protected:
  Address at(const HttpServer& server) { return parse_address(server.url("")).value(); }
  void open(std::vector<Address> addresses) {
    TransportOptions options{.addresses = std::move(addresses), .token = "s3cret"};
    options.least_pause_ms = options.longest_pause_ms = pause_ms_;
    options.max_answer_bytes = 1000;
    transport_ = std::make_unique<HttpTransport>(loop_, std::move(options));
  }
  void until(const std::function<bool()>& done) {
    while (!done()) loop_.run_once_nowait();
  }
  Result<consul::Answer> ask(consul::Call call) {
    std::optional<Result<consul::Answer>> got;
    transport_->send(std::move(call),
                     [&](Result<consul::Answer> answer) { got = std::move(answer); });
    EXPECT_FALSE(got.has_value()) << "completed from inside send()";
    until([&] { return got.has_value(); });
    return *got;
  }
  Result<consul::Answer> get() { return ask({.target = "/v1/kv/x"}); }
  static consul::Call swap() {
    return {.method = "PUT", .target = "/v1/kv/x?cas=1", .body = "v", .may_repeat = false};
  }

  loop::Loop loop_;
  uint64_t pause_ms_ = 0;
  HttpServer first_{loop_};
  HttpServer second_{loop_};
  std::unique_ptr<HttpTransport> transport_;
};

TEST_F(HttpTransportTest, SendsACallWithTheTokenAndGivesStatusBodyAndIndex) {
  open({at(first_)});
  first_.respond = [](const std::string&) {
    return HttpServer::answer(404, "gone", "X-Consul-Index: 18446744073709551615\r\n");
  };
  const auto answer = ask({.method = "PUT", .target = "/v1/kv/a%2Fb?cas=0", .body = "text"});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 404);
  EXPECT_EQ(answer->body, "gone");
  EXPECT_EQ(answer->index, 18446744073709551615u);
  EXPECT_THAT(first_.requests.at(0), testing::StartsWith("PUT /v1/kv/a%2Fb?cas=0 HTTP/1.1\r\n"));
  EXPECT_THAT(first_.requests.at(0), HasSubstr("X-Consul-Token: s3cret\r\n"));
  EXPECT_THAT(first_.requests.at(0), HasSubstr("\r\n\r\ntext"));
}

TEST_F(HttpTransportTest, TellsNoIndexWhereThereIsNone) {
  open({at(first_)});
  EXPECT_EQ(get()->index, 0u);
  first_.respond = [](const std::string&) {
    return HttpServer::answer(200, "", "X-Consul-Index: many\r\n");
  };
  EXPECT_EQ(get()->index, 0u);
}

TEST_F(HttpTransportTest, AsksAnAgentAtAUnixSocket) {
  const support::TemporaryDirectory scratch;
  HttpServer local(loop_, scratch.file("sock"));
  open({parse_address("unix://" + scratch.file("sock")).value()});
  EXPECT_EQ(get()->body, "ok");
  EXPECT_EQ(transport_->agent(), "unix://" + scratch.file("sock"));
}

TEST_F(HttpTransportTest, GoesToTheNextAgentWhereNobodyListensAndStaysThere) {
  open({at(first_), at(second_)});
  first_.stop_listening();
  EXPECT_TRUE(get());
  EXPECT_EQ(transport_->agent(), at(second_).name);
  HttpServer again(loop_, first_.port());
  EXPECT_TRUE(get());
  EXPECT_EQ(second_.requests.size(), 2u);
  EXPECT_TRUE(again.requests.empty());
}

TEST_F(HttpTransportTest, RepeatsElsewhereOnlyWhatMayBeRepeated) {
  open({at(first_), at(second_)});
  first_.respond = hang_up;
  const auto unknown = ask(swap());
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind, ErrorKind::kUnknown);
  EXPECT_EQ(first_.requests.size(), 1u);
  EXPECT_TRUE(second_.requests.empty());
  EXPECT_TRUE(get());
}

TEST_F(HttpTransportTest, SendsWhatMustNotBeRepeatedElsewhereWhereNothingWasSent) {
  open({at(first_), at(second_)});
  first_.stop_listening();
  EXPECT_TRUE(ask(swap()));
  EXPECT_EQ(second_.requests.size(), 1u);
}

// On a kept connection that the agent has closed libcurl would send it twice.
TEST_F(HttpTransportTest, SendsWhatMustNotBeRepeatedOnAConnectionOfItsOwn) {
  open({at(first_)});
  EXPECT_TRUE(get());
  EXPECT_TRUE(ask(swap()));
  EXPECT_EQ(first_.accepted, 2);
}

TEST_F(HttpTransportTest, SaysThatTheOutcomeIsUnknownWhateverTheLastAgentSays) {
  open({at(first_), at(second_)});
  first_.respond = hang_up;
  second_.stop_listening();
  const auto answer = get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kUnknown);
  EXPECT_THAT(answer.error().message, HasSubstr(first_.url("")));
  EXPECT_THAT(answer.error().message, HasSubstr(second_.url("")));
}

TEST_F(HttpTransportTest, GivesUpAnAgentThatDoesNotAnswerInTime) {
  open({at(first_), at(second_)});
  first_.respond = silence;
  EXPECT_EQ(ask({.target = "/", .timeout_ms = 30})->body, "ok");
  EXPECT_EQ(transport_->agent(), at(second_).name);
}

TEST_F(HttpTransportTest, NamesTheLimitOfConnections) {
  open({at(first_)});
  EXPECT_TRUE(get());
  first_.respond = hang_up;
  const auto dropped = get();
  EXPECT_THAT(dropped.error().message, HasSubstr("http_max_conns_per_client"));
  EXPECT_THAT(dropped.error().message, Not(HasSubstr("maybe it speaks https")));
  first_.respond = [](const std::string&) {
    return HttpServer::answer(429, "Your IP is issuing too many concurrent connections");
  };
  const auto refused = ask(swap());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("http_max_conns_per_client"));
  first_.stop_listening();
  first_.hang_up();
  EXPECT_THAT(get().error().message, Not(HasSubstr("http_max_conns_per_client")));
}

TEST_F(HttpTransportTest, WhoHasNeverAnsweredMaySpeakHttps) {
  open({at(first_), at(second_)});
  first_.respond = hang_up;
  second_.respond = hang_up;
  EXPECT_THAT(get().error().message, HasSubstr("maybe it speaks https"));
  // Each address for itself.
  second_.respond = [](const std::string&) { return HttpServer::answer(200, "ok"); };
  EXPECT_TRUE(get());
  second_.respond = hang_up;
  const std::string message = get().error().message;
  const size_t first = message.find(first_.url(""));
  const size_t second = message.find(second_.url(""));
  ASSERT_NE(first, std::string::npos);
  ASSERT_NE(second, std::string::npos);
  EXPECT_THAT(message.substr(first, second < first ? std::string::npos : second - first),
              HasSubstr("maybe it speaks https"));
  EXPECT_THAT(message.substr(second, first < second ? std::string::npos : first - second),
              Not(HasSubstr("maybe it speaks https")));
}

TEST_F(HttpTransportTest, AServerThatSaysThatItSpeaksHttpsIsNoAgent) {
  open({at(first_)});
  for (const char* said : {"Client sent an HTTP request to an HTTPS server.",
                           "400 The plain HTTP request was sent to HTTPS port"}) {
    first_.respond = [&](const std::string&) { return HttpServer::answer(400, said); };
    const auto refused = ask(swap());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kUnavailable);
    EXPECT_EQ(refused.error().message,
              "'" + at(first_).name + "' speaks https, and is named as http");
  }
  first_.respond = [](const std::string&) { return HttpServer::answer(400, "Bad request"); };
  EXPECT_EQ(get()->status, 400);
}

TEST_F(HttpTransportTest, HandsOutA429ThatIsAboutSomethingElse) {
  open({at(first_)});
  first_.respond = [](const std::string&) { return HttpServer::answer(429, "warning"); };
  EXPECT_EQ(get()->status, 429);
}

TEST_F(HttpTransportTest, NamesNoToken) {
  open({at(first_)});
  first_.respond = hang_up;
  EXPECT_THAT(get().error().message, Not(HasSubstr("s3cret")));
  first_.respond = [](const std::string&) {
    return HttpServer::answer(200, std::string(1001, 'x'));
  };
  const auto answer = get();
  EXPECT_EQ(answer.error().kind, ErrorKind::kTooLarge);
  EXPECT_THAT(answer.error().message, Not(HasSubstr("s3cret")));
}

TEST_F(HttpTransportTest, FailsAtOnceInThePauseAfterNobodyAnswered) {
  pause_ms_ = 600'000;
  open({at(first_), at(second_)});
  first_.respond = hang_up;
  second_.respond = hang_up;
  EXPECT_EQ(get().error().kind, ErrorKind::kUnknown);
  const auto refused = get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnavailable) << "nothing is sent in the pause";
  EXPECT_THAT(refused.error().message, HasSubstr(first_.url("")));
  EXPECT_EQ(first_.requests.size(), 1u);
}

TEST_F(HttpTransportTest, AsksAgainAfterThePause) {
  pause_ms_ = 1;
  open({at(first_)});
  first_.respond = hang_up;
  EXPECT_FALSE(get());
  first_.respond = [](const std::string&) { return HttpServer::answer(200, "ok"); };
  until([&] { return get().has_value(); });
}

TEST_F(HttpTransportTest, AnAnswerOfAnyCallEndsThePause) {
  pause_ms_ = 600'000;
  open({at(first_)});
  std::optional<Result<consul::Answer>> slow;
  first_.respond = silence;
  transport_->send({.target = "/slow", .timeout_ms = 60'000},
                   [&](Result<consul::Answer> answer) { slow = std::move(answer); });
  until([&] { return first_.requests.size() == 1; });
  first_.respond = hang_up;
  EXPECT_FALSE(get());
  EXPECT_EQ(get().error().kind, ErrorKind::kUnavailable);
  first_.respond = [](const std::string&) { return HttpServer::answer(200, "ok"); };
  first_.answer_first("late");
  until([&] { return slow.has_value(); });
  EXPECT_TRUE(get());
}

TEST_F(HttpTransportTest, GoesOnWithAnotherAgentWhereThatOneIsOfNoUse) {
  open({at(first_), at(second_)});
  transport_->try_another();
  EXPECT_EQ(transport_->agent(), at(first_).name) << "it has not said anything yet";
  EXPECT_TRUE(get());
  transport_->try_another();
  EXPECT_EQ(transport_->agent(), at(second_).name);
  transport_->try_another();
  EXPECT_EQ(transport_->agent(), at(second_).name) << "two who learnt the same of the first one";
  EXPECT_TRUE(get());
  EXPECT_EQ(second_.requests.size(), 1u);
  transport_->try_another();
  EXPECT_EQ(transport_->agent(), at(first_).name);
}

TEST_F(HttpTransportTest, CancelsWhatIsUnderWayAndWhatIsRefused) {
  pause_ms_ = 600'000;
  open({at(first_)});
  first_.respond = silence;
  const uint64_t under_way = transport_->send(
      {.target = "/"}, [](const Result<consul::Answer>&) { ADD_FAILURE() << "it was cancelled"; });
  until([&] { return first_.requests.size() == 1; });
  transport_->cancel(under_way);
  first_.respond = hang_up;
  EXPECT_FALSE(get());
  const uint64_t refused = transport_->send(
      {.target = "/"}, [](const Result<consul::Answer>&) { ADD_FAILURE() << "it was cancelled"; });
  transport_->cancel(refused);
  EXPECT_FALSE(get());
  transport_->cancel(refused);
}

TEST_F(HttpTransportTest, ACompletionMaySendAndCancelOthers) {
  pause_ms_ = 600'000;
  open({at(first_)});
  first_.respond = hang_up;
  EXPECT_FALSE(get());
  uint64_t other = 0;
  bool again = false;
  transport_->send({.target = "/"}, [&](const Result<consul::Answer>&) {
    transport_->cancel(other);
    transport_->send({.target = "/"}, [&](const Result<consul::Answer>&) { again = true; });
  });
  other = transport_->send(
      {.target = "/"}, [](const Result<consul::Answer>&) { ADD_FAILURE() << "it was cancelled"; });
  until([&] { return again; });
}

}  // namespace
}  // namespace tandem::consulhost

#include "rideshare/db_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tandem::rideshare {
namespace {

using testing::ElementsAre;

// A copy of what was asked, and the way to answer it.
struct Asked {
  wire::Method method;
  wire::Consistency consistency;
  uint64_t min_index;
  uint32_t budget_ms;
  uint64_t timeout_ms;
  std::string request_id, key, body;
  Transport::Completion done;

  void answer(uint16_t status, std::string_view text = "{}", uint64_t index = 0) {
    std::string payload;
    wire::encode(wire::Response{status, index, text}, payload);
    done(std::string_view(payload));
  }
  void error(ErrorKind kind) { done(fail(kind, "why")); }
};

class FakeTransport final : public Transport {
 public:
  bool is_connected = true;
  std::vector<Asked> asked;

  bool connected() const override { return is_connected; }
  void call(std::string_view payload, uint64_t timeout_ms, Completion done) override {
    wire::Request request;
    ASSERT_TRUE(wire::decode(payload, request));
    asked.push_back({request.method, request.consistency, request.min_index, request.budget_ms,
                     timeout_ms, std::string(request.request_id), std::string(request.key),
                     std::string(request.body), std::move(done)});
  }
};

class FakeAlarm final : public Alarm {
 public:
  int64_t now = 1000;
  std::optional<int64_t> at;
  int64_t now_ms() const override { return now; }
  void set(int64_t at_ms) override { at = at_ms; }
};

class FixedClock final : public Clock {
 public:
  int64_t boot_ns() const override { return ns; }
  int64_t wall_ms() const override { return 1234567; }

  int64_t ns = 1;
};

class DbClientTest : public testing::Test {
 protected:
  void make(size_t transports, Options options = {}) {
    std::vector<std::unique_ptr<Transport>> owned;
    for (size_t i = 0; i < transports; ++i) {
      auto transport = std::make_unique<FakeTransport>();
      wires_.push_back(transport.get());
      owned.push_back(std::move(transport));
    }
    client_ = std::make_unique<DbClient>(options, std::move(owned), alarm_, clock_);
  }
  DbClient::Completion note() {
    return [this](Result<wire::Response> result) {
      ++finished_;
      if (!result) {
        error_ = result.error().kind;
        return;
      }
      status_ = result->status;
      index_ = result->index;
      body_ = result->body;
    };
  }
  // Lets time pass to the alarm that is set; false where none is.
  bool ring() {
    if (!alarm_.at) return false;
    alarm_.now = std::max(alarm_.now, *alarm_.at);
    alarm_.at.reset();
    client_->on_alarm();
    return true;
  }
  std::vector<Asked>& asked(size_t transport = 0) { return wires_[transport]->asked; }

  FakeAlarm alarm_;
  FixedClock clock_;
  std::vector<FakeTransport*> wires_;
  std::unique_ptr<DbClient> client_;
  int finished_ = 0;
  int status_ = 0;
  uint64_t index_ = 0;
  std::string body_;
  std::optional<ErrorKind> error_;
};

TEST_F(DbClientTest, AReadCarriesEverythingAndGivesTheAnswer) {
  make(1);
  CallOptions options;
  options.request_id = "r1";
  options.consistency = wire::Consistency::kSession;
  options.min_index = 7;
  client_->read("{q}", options, note());
  ASSERT_EQ(asked().size(), 1u);
  EXPECT_EQ(asked()[0].method, wire::Method::kDbRead);
  EXPECT_EQ(asked()[0].body, "{q}");
  EXPECT_EQ(asked()[0].request_id, "r1");
  EXPECT_EQ(asked()[0].consistency, wire::Consistency::kSession);
  EXPECT_EQ(asked()[0].min_index, 7u);
  EXPECT_EQ(asked()[0].key, "");
  EXPECT_EQ(asked()[0].budget_ms, 5000u);
  EXPECT_EQ(asked()[0].timeout_ms, 5000u);
  asked()[0].answer(200, "[1]", 9);
  EXPECT_EQ(finished_, 1);
  EXPECT_EQ(status_, 200);
  EXPECT_EQ(index_, 9u);
  EXPECT_EQ(body_, "[1]");
  EXPECT_EQ(client_->in_flight(), 0u);
}

TEST_F(DbClientTest, AWriteHasTheCallersKeyOrAMadeOne) {
  make(1);
  CallOptions options;
  options.key = "mine";
  client_->write("{}", options, note());
  client_->write("{}", {}, note());
  client_->clear("127.0.0.1:9", {}, note());
  EXPECT_EQ(asked()[0].key, "mine");
  EXPECT_THAT(asked()[1].key, testing::StartsWith("r-"));
  EXPECT_EQ(asked()[2].method, wire::Method::kDbClear);
  EXPECT_EQ(asked()[2].body, "127.0.0.1:9");
  EXPECT_NE(asked()[1].key, asked()[2].key);
}

TEST_F(DbClientTest, AMadeKeyTellsOfTheNewestWriteThatWasAnswered) {
  make(1);
  client_->read("{}", {}, note());
  asked()[0].answer(200, "[]", 9);
  client_->write("{}", {}, note());
  EXPECT_FALSE(key_birth(asked()[1].key)) << "a read may be answered by a replica that is behind";
  asked()[1].answer(409, "", 12);
  client_->write("{}", {}, note());
  EXPECT_EQ(key_birth(asked()[2].key), 12u);
  clock_.ns += wire::KeyMaker::kFreshNs + 1;
  client_->write("{}", {}, note());
  EXPECT_FALSE(key_birth(asked()[3].key));
}

TEST_F(DbClientTest, EveryVerdictOfTheDatabaseIsGivenAsItIs) {
  make(1);
  for (const uint16_t status : std::initializer_list<uint16_t>{200, 400, 409, 413, 422, 500}) {
    client_->write("{}", {}, note());
    asked().back().answer(status, "b");
    EXPECT_EQ(status_, status);
    EXPECT_EQ(body_, "b");
  }
  EXPECT_FALSE(alarm_.at);
}

TEST_F(DbClientTest, GoesToAnAddressThatIsConnected) {
  make(3);
  wires_[0]->is_connected = false;
  client_->read("{}", {}, note());
  EXPECT_EQ(asked(0).size(), 0u);
  EXPECT_EQ(asked(1).size(), 1u);
}

TEST_F(DbClientTest, StaysWithTheAddressThatAnswers) {
  make(2);
  client_->read("{}", {}, note());
  asked(0)[0].error(ErrorKind::kUnavailable);
  ASSERT_TRUE(ring());
  ASSERT_EQ(asked(1).size(), 1u);
  asked(1)[0].answer(200);
  client_->read("{}", {}, note());
  EXPECT_EQ(asked(0).size(), 1u);
  EXPECT_EQ(asked(1).size(), 2u);
}

TEST_F(DbClientTest, AnUnreachableDatabaseIsUnavailableAfterSomePatience) {
  make(2);
  wires_[0]->is_connected = wires_[1]->is_connected = false;
  client_->write("{}", {}, note());
  EXPECT_EQ(finished_, 0);
  while (ring()) {
  }
  EXPECT_EQ(finished_, 1);
  EXPECT_EQ(error_, ErrorKind::kUnavailable);
  EXPECT_LE(alarm_.now, 1000 + 1000);
}

TEST_F(DbClientTest, ADatabaseThatComesBackInTimeIsNoError) {
  make(1);
  wires_[0]->is_connected = false;
  client_->write("{}", {}, note());
  ring();
  wires_[0]->is_connected = true;
  ring();
  ASSERT_EQ(asked().size(), 1u);
  asked()[0].answer(200);
  EXPECT_EQ(status_, 200);
}

TEST_F(DbClientTest, PausesGrow) {
  make(1);
  wires_[0]->is_connected = false;
  client_->read("{}", {}, note());
  std::vector<int64_t> pauses;
  for (int i = 0; i < 7; ++i) {
    const int64_t before = alarm_.now;
    ring();
    pauses.push_back(alarm_.now - before);
  }
  EXPECT_THAT(pauses, ElementsAre(5, 10, 20, 40, 80, 100, 100));
}

TEST_F(DbClientTest, AWriteWithUnknownOutcomeIsRepeatedWithTheSameKeyUntilItIsKnown) {
  make(1);
  client_->write("{w}", {}, note());
  asked()[0].error(ErrorKind::kUnknown);
  alarm_.now += 2000;  // beyond the patience with an unreachable database
  ASSERT_TRUE(ring());
  ASSERT_EQ(asked().size(), 2u);
  EXPECT_EQ(asked()[1].key, asked()[0].key);
  EXPECT_EQ(asked()[1].body, "{w}");
  EXPECT_LE(asked()[1].budget_ms, 3000u);
  asked()[1].answer(504);
  ASSERT_TRUE(ring());
  asked()[2].answer(200, "{first}");
  EXPECT_EQ(finished_, 1);
  EXPECT_EQ(body_, "{first}");
}

TEST_F(DbClientTest, AWriteThatMayBeDoneIsNeverCalledUnavailable) {
  make(1);
  client_->write("{}", {}, note());
  asked()[0].error(ErrorKind::kUnknown);
  wires_[0]->is_connected = false;
  while (ring()) {
  }
  EXPECT_EQ(finished_, 1);
  EXPECT_EQ(error_, ErrorKind::kUnknown);
  EXPECT_GT(alarm_.now, 1000 + 4500);
  EXPECT_LE(alarm_.now, 1000 + 5000);
}

TEST_F(DbClientTest, AWriteThatMayBeDoneIsNeverA503) {
  make(1);
  client_->write("{}", {}, note());
  asked()[0].error(ErrorKind::kUnknown);
  while (ring()) {
    if (finished_ == 0) asked().back().answer(503, "{}");
  }
  EXPECT_EQ(finished_, 1);
  EXPECT_EQ(error_, ErrorKind::kUnknown);
}

TEST_F(DbClientTest, A503IsRepeatedWithPatienceAndThenGiven) {
  make(1);
  client_->write("{}", {}, note());
  asked()[0].answer(503, "{busy}");
  while (ring()) asked().back().answer(503, "{busy}");
  EXPECT_EQ(finished_, 1);
  EXPECT_EQ(status_, 503);
  EXPECT_EQ(body_, "{busy}");
  EXPECT_LE(alarm_.now, 2000);
}

TEST_F(DbClientTest, A503IsTriedElsewhereNext) {
  make(2);
  client_->read("{}", {}, note());
  asked(0)[0].answer(503, "{another is active}");
  ring();
  ASSERT_EQ(asked(1).size(), 1u);
  asked(1)[0].answer(200);
  EXPECT_EQ(status_, 200);
}

TEST_F(DbClientTest, A504IsRepeatedUntilTheDeadlineAndThenGiven) {
  make(1);
  client_->write("{}", {}, note());
  asked()[0].answer(504, "{late}");
  while (ring()) asked().back().answer(504, "{late}");
  EXPECT_EQ(finished_, 1);
  EXPECT_EQ(status_, 504);
  EXPECT_GT(alarm_.now, 1000 + 4500);
}

TEST_F(DbClientTest, AReadWithoutAnAnswerIsRepeatedUntilItsDeadline) {
  make(1);
  client_->read("{}", {}, note());
  asked()[0].error(ErrorKind::kUnknown);
  alarm_.now += 3000;
  ring();
  ASSERT_EQ(asked().size(), 2u);
  asked()[1].answer(200);
  EXPECT_EQ(status_, 200);
}

TEST_F(DbClientTest, AReadIsNeverOfUnknownOutcome) {
  make(1);
  client_->read("{}", {}, note());
  alarm_.now += 5000;
  asked()[0].error(ErrorKind::kUnknown);
  EXPECT_EQ(error_, ErrorKind::kUnavailable);
  client_->read("{}", {}, note());
  alarm_.now += 5000;
  asked()[1].error(ErrorKind::kTimeout);
  EXPECT_EQ(error_, ErrorKind::kTimeout);
}

TEST_F(DbClientTest, ATimeoutOfTheWholeCallIsATimeout) {
  make(1);
  client_->write("{}", {}, note());
  alarm_.now += 5000;
  asked()[0].error(ErrorKind::kTimeout);
  EXPECT_EQ(finished_, 1);
  EXPECT_EQ(error_, ErrorKind::kTimeout);
  EXPECT_FALSE(alarm_.at);
}

TEST_F(DbClientTest, WithSeveralAddressesASilentOneCostsOneTryOnly) {
  make(2);
  client_->write("{}", {}, note());
  EXPECT_EQ(asked(0)[0].timeout_ms, 2000u);
  alarm_.now += 2000;
  asked(0)[0].error(ErrorKind::kTimeout);
  ASSERT_TRUE(ring());
  ASSERT_EQ(asked(1).size(), 1u);
  EXPECT_EQ(asked(1)[0].key, asked(0)[0].key);
}

TEST_F(DbClientTest, OtherErrorsEndTheCall) {
  make(2);
  client_->write("{}", {}, note());
  asked(0)[0].error(ErrorKind::kTooLarge);
  EXPECT_EQ(error_, ErrorKind::kTooLarge);
}

TEST_F(DbClientTest, AMalformedAnswerEndsTheCall) {
  make(1);
  client_->read("{}", {}, note());
  asked()[0].done(std::string_view("x"));
  EXPECT_EQ(error_, ErrorKind::kBug);
}

TEST_F(DbClientTest, APingIsNeverRepeated) {
  make(1);
  client_->ping(700, note());
  EXPECT_EQ(asked()[0].method, wire::Method::kPing);
  EXPECT_EQ(asked()[0].timeout_ms, 700u);
  asked()[0].answer(503, "{why}");
  EXPECT_EQ(status_, 503);
  client_->ping(700, note());
  asked()[1].error(ErrorKind::kUnknown);
  EXPECT_EQ(error_, ErrorKind::kUnknown);
  wires_[0]->is_connected = false;
  client_->ping(700, note());
  EXPECT_EQ(error_, ErrorKind::kUnavailable);
  EXPECT_EQ(finished_, 3);
}

TEST_F(DbClientTest, CallsInFlightAreBounded) {
  Options options;
  options.max_in_flight = 2;
  make(1, options);
  client_->read("{}", {}, note());
  client_->read("{}", {}, note());
  client_->read("{}", {}, note());
  EXPECT_EQ(finished_, 1);
  EXPECT_EQ(error_, ErrorKind::kUnavailable);
  EXPECT_EQ(client_->in_flight(), 2u);
  asked()[0].answer(200);
  client_->read("{}", {}, note());
  EXPECT_EQ(asked().size(), 3u);
}

TEST_F(DbClientTest, ACompletionMayBeginTheNextCall) {
  make(1);
  client_->read("{1}", {},
                [this](const Result<wire::Response>&) { client_->read("{2}", {}, note()); });
  asked()[0].answer(200);
  ASSERT_EQ(asked().size(), 2u);
  EXPECT_EQ(asked()[1].body, "{2}");
}

TEST_F(DbClientTest, CallsAreAnsweredInAnyOrder) {
  make(1);
  std::string order;
  client_->read("{1}", {}, [&](const Result<wire::Response>&) { order += '1'; });
  client_->read("{2}", {}, [&](const Result<wire::Response>&) { order += '2'; });
  asked()[1].answer(200);
  asked()[0].answer(200);
  EXPECT_EQ(order, "21");
}

TEST_F(DbClientTest, DestroyingTheClientDropsWhatIsPending) {
  make(1);
  client_->read("{}", {}, note());
  client_.reset();
  EXPECT_EQ(finished_, 0);
}

}  // namespace
}  // namespace tandem::rideshare

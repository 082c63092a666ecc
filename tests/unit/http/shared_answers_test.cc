#include "http/shared_answers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <list>

#include "support/recorded_exchange.h"

namespace tandem::http {
namespace {

class SharedAnswersTest : public testing::Test {
 protected:
  support::RecordedExchange& ask(const std::string& kind = "") {
    support::RecordedExchange& exchange = exchanges_.emplace_back();
    answers_.answer(kind, Responder(exchange), [this, kind](auto done) {
      made_.push_back(kind);
      done_ = std::move(done);
    });
    return exchange;
  }
  void done(const std::string& text) {
    auto finish = std::move(done_);
    finish([text](Responder& responder) { responder.json(200, std::string_view(text)); });
  }

  loop::Loop loop_;
  std::list<support::RecordedExchange> exchanges_;
  std::vector<std::string> made_;
  UniqueFunction<void(SharedAnswers::Send)> done_;
  uint64_t patience_ms_ = 1000;
  SharedAnswers answers_{loop_, patience_ms_, [](Responder& r) { r.error(503, "too late"); }};
};

TEST_F(SharedAnswersTest, WhoComesMeanwhileSharesTheNextOne) {
  support::RecordedExchange& first = ask();
  support::RecordedExchange& second = ask();
  support::RecordedExchange& third = ask();
  EXPECT_EQ(made_.size(), 1u);
  done("1");
  EXPECT_EQ(first.body, "1");
  EXPECT_EQ(second.status, 0);
  EXPECT_EQ(made_.size(), 2u);
  done("2");
  EXPECT_EQ(second.body, "2");
  EXPECT_EQ(third.body, "2");
  EXPECT_EQ(made_.size(), 2u);
}

TEST_F(SharedAnswersTest, AFewAreSentInATurn) {
  ask();
  for (int i = 0; i < 11; ++i) ask();
  done("1");
  done("2");
  const auto answered = [this] {
    return std::count_if(exchanges_.begin(), exchanges_.end(),
                         [](const support::RecordedExchange& each) { return each.status == 200; });
  };
  EXPECT_EQ(answered(), 5) << "the first, and four";
  loop_.run_once();
  EXPECT_EQ(answered(), 9);
  loop_.run_once();
  EXPECT_EQ(answered(), 12);
}

TEST_F(SharedAnswersTest, KindsAreMadeOneAfterAnother) {
  ask("a");
  support::RecordedExchange& b = ask("b");
  ask("a");
  ask("b");
  done("1");
  done("2");
  done("3");
  EXPECT_EQ(made_, (std::vector<std::string>{"a", "b", "a"}));
  EXPECT_EQ(b.body, "2");
}

TEST_F(SharedAnswersTest, NothingIsMadeForThoseWhoHaveGone) {
  ask();
  EXPECT_TRUE(answers_.wanted());
  ask("gone");
  exchanges_.pop_back();
  support::RecordedExchange& last = ask("last");
  done("1");
  EXPECT_EQ(made_, (std::vector<std::string>{"", "last"}));
  done("2");
  EXPECT_EQ(last.body, "2");
  EXPECT_FALSE(answers_.wanted());
}

}  // namespace
}  // namespace tandem::http

#include "rs-client/look.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem::client {
namespace {

using testing::HasSubstr;
using State = Seen::State;

Seen judged(int status, const std::string& body) {
  return judge_service("s", "http://h", fetch::Answer{.status = status, .body = body, .head = {}});
}

TEST(Look, WhatAServiceSaysOfItselfCounts) {
  const Seen ready =
      judged(200, R"({"ready":true,"reason":"","remedy":"","warning":"Consul is away"})");
  EXPECT_EQ(ready.state, State::kReady);
  EXPECT_EQ(ready.why, "Consul is away");
  const Seen not_ready =
      judged(200, R"({"ready":false,"reason":"no leader","remedy":"rs-client x","warning":"w"})");
  EXPECT_EQ(not_ready.state, State::kNotReady);
  EXPECT_EQ(not_ready.why, "no leader");
  EXPECT_EQ(not_ready.remedy, "rs-client x");
}

TEST(Look, ReadyzIsUnderstood) {
  EXPECT_EQ(judged(200, R"({"status":"ok"})").state, State::kReady);
  const Seen seen = judged(503, R"({"error":{"code":503,"message":"do 'rs-client wait'"}})");
  EXPECT_EQ(seen.state, State::kNotReady);
  EXPECT_EQ(seen.why, "do 'rs-client wait'");
  EXPECT_EQ(seen.remedy, "rs-client wait");
}

TEST(Look, WhoeverElseAnswersThereIsNotThisService) {
  for (const auto& [status, body] : {std::pair{200, "<html>"},
                                     {200, "{}"},
                                     {200, "[]"},
                                     {200, "1"},
                                     {404, R"({"error":{"code":404,"message":"no"}})"},
                                     {500, R"({"status":"ok"})"},
                                     {503, "<html>"}}) {
    const Seen seen = judged(status, body);
    EXPECT_EQ(seen.state, State::kAbsent) << status << body;
    EXPECT_THAT(seen.why, HasSubstr("another service"));
  }
  EXPECT_EQ(judged(200, R"({"service":"rs-orch","ready":true})").state, State::kAbsent);
  const Seen nobody = judge_service("s", "u", fail(ErrorKind::kUnavailable, "cannot connect"));
  EXPECT_EQ(nobody.state, State::kAbsent);
  EXPECT_EQ(nobody.remedy, "tandem up");
}

TEST(Look, TheWorstIsTheExitStatus) {
  const auto with = [](State state) {
    Seen seen;
    seen.state = state;
    return seen;
  };
  EXPECT_EQ(exit_status_of({with(State::kReady)}), ExitStatus::kOk);
  EXPECT_EQ(exit_status_of({with(State::kNotReady), with(State::kReady)}), ExitStatus::kNo);
  EXPECT_EQ(exit_status_of({with(State::kNotReady), with(State::kAbsent)}),
            ExitStatus::kUnavailable);
}

}  // namespace
}  // namespace tandem::client

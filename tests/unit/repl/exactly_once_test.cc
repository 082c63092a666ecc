#include "repl/exactly_once.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/ids.h"

namespace tandem::repl {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;

// Answers the number of commands that it has carried out; "refuse" is answered 409, "begin" 202,
// and "end KEY" settles that key.
class Counter final : public StateMachine {
 public:
  Applied apply(const wire::Entry& entry) override {
    ++applied;
    if (entry.payload == "refuse")
      return Applied{409, "{\"refused\":" + std::to_string(applied) + "}"};
    if (entry.payload == "begin") return Applied{kProvisional, std::to_string(applied)};
    if (entry.payload.starts_with("end ")) {
      return Applied{200, "end " + std::to_string(applied), entry.payload.substr(4)};
    }
    return Applied{200, std::to_string(applied)};
  }
  Status admit(std::string_view command) const override {
    return command == "refused today" ? fail(ErrorKind::kBadInput, "refused today") : Status();
  }
  std::unique_ptr<FrozenState> freeze() const override { return std::make_unique<Frozen>(applied); }
  void reset() override { applied = 0; }
  Status restore_row(std::string_view row) override {
    applied = std::stoi(std::string(row));
    return {};
  }
  Status finish_restore() override {
    finished = true;
    return {};
  }
  std::unique_ptr<StateMachine> make_empty() const override { return std::make_unique<Counter>(); }
  void swap_state(StateMachine& made) override {
    std::swap(applied, static_cast<Counter&>(made).applied);
  }

  int applied = 0;
  bool finished = false;

 private:
  struct Frozen final : FrozenState {
    explicit Frozen(int n) : applied(n) {}
    bool write_rows(const RowSink& sink) const override { return sink(std::to_string(applied)); }
    int applied;
  };
};

struct ExactlyOnceTest : testing::Test {
  Applied apply(const std::string& key, const std::string& payload, int64_t time_ms = kNow) {
    wire::Entry entry;
    entry.request_id = key;
    entry.payload = payload;
    entry.time_ms = time_ms;
    entry.index = ++index;
    return machine.apply(entry);
  }
  static void open(ExactlyOnce& opened) {
    wire::Entry entry;
    entry.type = wire::EntryType::kOpen;
    entry.request_id = ExactlyOnce::kRules;
    opened.opened(entry);
  }
  void SetUp() override { open(machine); }
  void start_over() {
    machine.reset();
    index = 0;
    open(machine);
  }
  static std::string made_key(uint64_t heard_index = 0, uint64_t n = 1) {
    return tandem::made_key(heard_index, n << 16);
  }
  std::vector<std::string> rows() const {
    std::vector<std::string> all;
    EXPECT_TRUE(machine.freeze()->write_rows([&all](std::string_view row) {
      all.emplace_back(row);
      return true;
    }));
    return all;
  }

  uint64_t index = 0;
  Counter counter;
  ExactlyOnce machine{counter};
};

TEST_F(ExactlyOnceTest, ARepetitionGetsTheFirstAnswer) {
  EXPECT_EQ(apply("a", "x").body, "1");
  EXPECT_EQ(apply("b", "x").body, "2");
  EXPECT_EQ(apply("a", "x").body, "1");
  EXPECT_EQ(counter.applied, 2);
}

TEST_F(ExactlyOnceTest, AStateThatWasRestoredBesideItTakesItsPlace) {
  for (int n = 0; n < 3000; ++n) apply("c" + std::to_string(n), "x");
  apply("begun", "begin");
  const auto made = machine.make_empty();
  for (const std::string& row : rows()) ASSERT_TRUE(made->restore_row(row));
  ASSERT_TRUE(made->finish_restore());
  const std::vector<std::string> before = rows();
  apply("later", "x");
  machine.swap_state(*made);
  EXPECT_EQ(rows(), before);
  EXPECT_EQ(machine.remembered(), 3001u);
  EXPECT_EQ(apply("c2000", "x").body, "2001");
  EXPECT_EQ(apply("later", "x").body, "3002");
  apply("", "end begun");
  EXPECT_EQ(machine.first_answer("begin", "begun")->status, 200);
}

// Whose maker had heard of what is lost now, or a client that made it up.
TEST_F(ExactlyOnceTest, AKeyThatIsBornWhereTheLogHasNotComeToAgesAsAClients) {
  for (const uint64_t heard : {uint64_t{1}, uint64_t{1000}, UINT64_MAX}) {
    start_over();
    apply(made_key(heard), "x");
    apply("", "x", kNow + ExactlyOnce::kMadeKeyMs + 1);
    EXPECT_EQ(machine.remembered(), 1u);
    for (int64_t s = 1; s <= ExactlyOnce::kClientKeyMs / 1000 + 1; ++s) {
      apply("", "x", kNow + ExactlyOnce::kMadeKeyMs + s * 1000);
    }
    EXPECT_EQ(machine.remembered(), 0u);
  }
}

TEST_F(ExactlyOnceTest, AKeyThatNoSnapshotShouldHoldIsNotAdmitted) {
  for (const std::string& key : {std::string("k\xff\xfe"), std::string(129, 'k'),
                                 std::string("a\0", 2), std::string("\x7f")}) {
    const Status admitted = machine.admit("x", key);
    ASSERT_FALSE(admitted) << testing::PrintToString(key);
    EXPECT_EQ(admitted.error().kind, ErrorKind::kBadInput);
  }
  EXPECT_TRUE(machine.admit("x", ""));
  EXPECT_TRUE(machine.admit("x", std::string(128, 'k')));
}

TEST_F(ExactlyOnceTest, TheFirstAnswerCanBeAskedFor) {
  EXPECT_FALSE(machine.first_answer("x", "a"));
  apply("a", "x");
  EXPECT_EQ(machine.first_answer("x", "a")->body, "1");
  EXPECT_EQ(machine.first_answer("y", "a")->status, 422);
  EXPECT_EQ(counter.applied, 1);
}

TEST_F(ExactlyOnceTest, ANewKeyIsNotAdmittedWhereTooManyAreRemembered) {
  ExactlyOnce small(counter, KeyLimits{2, 1 << 20});
  wire::Entry entry;
  entry.payload = "x";
  for (const char* key : {"a", "b"}) {
    EXPECT_TRUE(small.admit("x", key)) << key;
    entry.request_id = key;
    small.apply(entry);
  }
  const Status refused = small.admit("x", "c");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnavailable);
  EXPECT_NE(refused.error().message.find(kTooManyKeys), std::string::npos);
  EXPECT_TRUE(small.admit("x", "a")) << "a repetition";
  EXPECT_TRUE(small.admit("x", "")) << "nothing to remember";
  entry.request_id = "c";
  EXPECT_EQ(small.apply(entry).status, 200) << "what is in the log is applied, and remembered";
  EXPECT_EQ(small.remembered(), 3u);
}

TEST_F(ExactlyOnceTest, ANewKeyIsNotAdmittedWhereAnswersTakeTooMuch) {
  ExactlyOnce small(counter, KeyLimits{1000, 1000});
  wire::Entry entry;
  entry.payload = "x";
  entry.time_ms = kNow;
  size_t written = 0;
  for (; small.admit("x", "key" + std::to_string(written)); ++written) {
    entry.request_id = "key" + std::to_string(written);
    small.apply(entry);
  }
  EXPECT_GT(written, 2u);
  EXPECT_LT(written, 10u);
  for (int64_t ms = 1000; ms <= ExactlyOnce::kClientKeyMs + 1000; ms += 1000) {
    entry.request_id.clear();
    entry.time_ms = kNow + ms;
    small.apply(entry);
  }
  EXPECT_EQ(small.bytes(), 0u);
  EXPECT_TRUE(small.admit("x", "another"));
}

TEST_F(ExactlyOnceTest, BytesAreCountedWhateverBecomesOfAKey) {
  apply("a", "begin");
  const size_t provisional = machine.bytes();
  apply("", "end a");
  EXPECT_EQ(machine.bytes(), provisional + std::string("end 2").size() - 1);
  const size_t settled = machine.bytes();
  const auto frozen = rows();
  machine.reset();
  EXPECT_EQ(machine.bytes(), 0u);
  for (const std::string& row : frozen) ASSERT_TRUE(machine.restore_row(row)) << row;
  EXPECT_EQ(machine.bytes(), settled);
}

TEST_F(ExactlyOnceTest, ARepetitionIsAdmittedWhateverHoldsToday) {
  apply("a", "refused today");
  EXPECT_TRUE(machine.admit("refused today", "a"));
  EXPECT_FALSE(machine.admit("refused today", "b"));
}

TEST_F(ExactlyOnceTest, ARefusalIsRememberedToo) {
  const Applied first = apply("a", "refuse");
  const Applied again = apply("a", "refuse");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(counter.applied, 1);
}

TEST_F(ExactlyOnceTest, AnotherBodyUnderTheSameKeyIs422AndChangesNothing) {
  apply("a", "x");
  EXPECT_EQ(apply("a", "y").status, 422);
  EXPECT_EQ(counter.applied, 1);
  EXPECT_EQ(apply("a", "x").body, "1");
}

TEST_F(ExactlyOnceTest, WithoutAKeyNothingIsRemembered) {
  EXPECT_EQ(apply("", "x").body, "1");
  EXPECT_EQ(apply("", "x").body, "2");
  EXPECT_EQ(machine.remembered(), 0U);
}

TEST_F(ExactlyOnceTest, KeysOfClientsAreForgottenAfterADayOfLogTime) {
  apply("a", "x");
  for (int64_t ms = 1000; ms <= ExactlyOnce::kClientKeyMs; ms += 1000) apply("", "y", kNow + ms);
  EXPECT_EQ(apply("a", "x", kNow + ExactlyOnce::kClientKeyMs).body, "1");
  const int applied = counter.applied;
  apply("a", "x", kNow + ExactlyOnce::kClientKeyMs + 1);
  EXPECT_EQ(counter.applied, applied + 1);
}

TEST_F(ExactlyOnceTest, MadeKeysAreForgottenSooner) {
  apply(made_key(), "x");
  apply("client", "x");
  apply(random_key(), "x");
  apply("t-1-0123456789abcdef", "x");
  apply("", "x", kNow + ExactlyOnce::kMadeKeyMs);
  EXPECT_EQ(machine.remembered(), 4U);
  apply("", "x", kNow + ExactlyOnce::kMadeKeyMs + 1);
  EXPECT_EQ(machine.remembered(), 3U);
}

TEST_F(ExactlyOnceTest, AMadeKeyThatMayBeForgottenIsNotCarriedOut) {
  apply("", "x");
  apply("", "x");
  EXPECT_EQ(apply(made_key(2, 1), "x").body, "3");  // index 3
  apply("", "x", kNow + ExactlyOnce::kMadeKeyMs + 1);
  EXPECT_EQ(machine.remembered(), 0U);
  const int applied = counter.applied;
  const Applied again = apply(made_key(2, 1), "x", kNow + ExactlyOnce::kMadeKeyMs + 1);
  EXPECT_EQ(again.status, 409);
  EXPECT_NE(again.body.find("too old"), std::string::npos);
  EXPECT_EQ(apply(made_key(2, 2), "x", kNow + ExactlyOnce::kMadeKeyMs + 1).status, 409)
      << "nobody knows that it is another one";
  EXPECT_EQ(counter.applied, applied);
  EXPECT_EQ(apply(made_key(3, 3), "x", kNow + ExactlyOnce::kMadeKeyMs + 1).status, 200)
      << "made when the forgotten one was done: it is another one";
}

// However far log time leaps, and whatever the clocks say: only what was forgotten counts.
TEST_F(ExactlyOnceTest, NothingIsRefusedForTheTimeThatPassed) {
  apply("", "x");
  for (int day = 1; day < 100; ++day) {
    EXPECT_EQ(apply(made_key(1), "x", kNow + day * ExactlyOnce::kClientKeyMs).status, 200) << day;
    start_over();
    apply("", "x");
  }
  EXPECT_EQ(apply("t-1-0123456789abcdef", "x").status, 200);
}

TEST_F(ExactlyOnceTest, AMadeKeyIsCarriedOutOnceAtAnyTime) {
  apply("", "x");
  for (int64_t ms = 0; ms < 4 * ExactlyOnce::kMadeKeyMs; ms += 10'000) {
    const Applied answer = apply(made_key(1), "x", kNow + ms);
    EXPECT_TRUE(answer.body == "2" || answer.status == 409) << ms;
  }
  EXPECT_EQ(counter.applied, 2);
}

TEST_F(ExactlyOnceTest, WhatIsForgottenIsPartOfASnapshot) {
  apply("", "x");
  apply(made_key(1), "x");
  apply("", "x", kNow + ExactlyOnce::kMadeKeyMs + 1);
  const auto frozen = rows();
  machine.reset();
  for (const std::string& row : frozen) ASSERT_TRUE(machine.restore_row(row)) << row;
  EXPECT_EQ(rows(), frozen);
  EXPECT_EQ(apply(made_key(1), "x", kNow + ExactlyOnce::kMadeKeyMs + 1).status, 409);
  EXPECT_EQ(apply(made_key(2), "x", kNow + ExactlyOnce::kMadeKeyMs + 1).status, 200);
}

// What such a log refused is not done, on none of the replicas that read it.
TEST_F(ExactlyOnceTest, ALogOfAnEarlierVersionIsReadByItsRules) {
  const std::string key = "t-" + std::to_string(kNow) + "-0123456789abcdef";
  const int64_t half = ExactlyOnce::kMadeKeyMs / 2;
  machine.reset();
  index = 5;
  EXPECT_EQ(apply(key, "x", kNow + half + 1).status, 409);
  EXPECT_EQ(apply(key, "x", kNow + half).status, 200);
  EXPECT_EQ(apply(key, "x", kNow + half + 1).status, 200) << "known";
  EXPECT_EQ(apply(made_key(1), "x", kNow + half + 1).status, 200);
  EXPECT_EQ(rows()[0].find("forgotten"), std::string::npos);
  const auto frozen = rows();
  machine.reset();
  for (const std::string& row : frozen) ASSERT_TRUE(machine.restore_row(row)) << row;
  EXPECT_EQ(rows(), frozen);
  EXPECT_EQ(apply("t-5-0123456789abcdef", "x", kNow + half + 1).status, 409);
  open(machine);
  EXPECT_EQ(apply("t-5-0123456789abcdef", "x", kNow + half + 1).status, 200);
  EXPECT_EQ(apply(key, "x", kNow + 2 * ExactlyOnce::kMadeKeyMs).status, 200);
  EXPECT_EQ(apply(made_key(1), "x", kNow + 2 * ExactlyOnce::kMadeKeyMs).body,
            apply(made_key(1), "x", kNow + 2 * ExactlyOnce::kMadeKeyMs).body)
      << "a client's in that version: remembered for a day";
}

TEST_F(ExactlyOnceTest, ASnapshotHoldsTheOutcomes) {
  apply("a \"key\"\n\x01", "refuse", kNow);
  apply(made_key(1, 1), "y", kNow + 1);
  apply(made_key(1, 2), "z", kNow + 2);
  const std::vector<std::string> before = rows();

  Counter other_counter;
  ExactlyOnce other(other_counter);
  other.reset();
  for (const std::string& row : before) ASSERT_TRUE(other.restore_row(row)) << row;
  ASSERT_TRUE(other.finish_restore());
  EXPECT_TRUE(other_counter.finished);
  EXPECT_EQ(other.remembered(), 3U);
  wire::Entry again;
  again.request_id = "a \"key\"\n\x01";
  again.payload = "refuse";
  again.time_ms = kNow + 2;
  again.index = 4;
  EXPECT_EQ(other.apply(again).body, "{\"refused\":1}");
  EXPECT_EQ(other_counter.applied, 3);
  std::vector<std::string> after;
  other.freeze()->write_rows([&after](std::string_view row) {
    after.emplace_back(row);
    return true;
  });
  EXPECT_EQ(after, before);
}

TEST_F(ExactlyOnceTest, APictureDoesNotSeeWhatComesLater) {
  apply("a", "x");
  const auto picture = machine.freeze();
  apply("b", "x");
  apply("", "x", kNow + ExactlyOnce::kClientKeyMs + 1);
  int rows_written = 0;
  picture->write_rows([&rows_written](std::string_view) { return ++rows_written > 0; });
  EXPECT_EQ(rows_written, 3) << "the clock of keys, the outcome, the number";
}

TEST_F(ExactlyOnceTest, ASinkThatStopsIsObeyed) {
  apply("a", "x");
  EXPECT_FALSE(machine.freeze()->write_rows([](std::string_view) { return false; }));
}

TEST_F(ExactlyOnceTest, MalformedRowsAreCorrupt) {
  for (
      const char* row : {
          "{\"outcome\":",
          "{\"outcome\":7}",
          "{\"outcome\":{}}",
          R"({"outcome":{"key":"a","hash":"12","time":1,"status":200,"body":""}})",
          R"({"outcome":{"key":"a","hash":"0000000000000001","time":"1","status":200,"body":""}})",
          R"({"outcome":{"key":"a","hash":"0000000000000001","time":1,"status":200}})",
          R"({"outcome":{"key":"a","hash":"0000000000000001","time":1,"made":0,"status":200,"body":""}})",
          R"({"key_clock":{"log_time":1,"clock":1,"forgotten":-1}})",
          R"({"key_clock":{"log_time":1,"clock":1,"forgotten":"1"}})",
      }) {
    const Status status = machine.restore_row(row);
    ASSERT_FALSE(status) << row;
    EXPECT_EQ(status.error().kind, ErrorKind::kCorrupt);
  }
}

TEST_F(ExactlyOnceTest, ResetForgetsEverything) {
  apply("a", "x");
  machine.reset();
  EXPECT_EQ(machine.remembered(), 0U);
  EXPECT_EQ(apply("a", "x").body, "1");
}

TEST_F(ExactlyOnceTest, AClientsKeyDoesNotAgeByIdleDaysThatLogTimeCatchesUpWith) {
  constexpr int64_t kDayMs = ExactlyOnce::kClientKeyMs;
  apply("first", "x", kNow);
  // Two idle days are caught up with, a minute an entry; "a" is written at the beginning of it.
  EXPECT_EQ(apply("a", "x", kNow + 60'000).body, "2");
  for (int64_t t = 2; t * 60'000 <= 2 * kDayMs; ++t) apply("", "y", kNow + t * 60'000);
  const int applied = counter.applied;
  EXPECT_EQ(apply("a", "x", kNow + 2 * kDayMs).body, "2");
  EXPECT_EQ(counter.applied, applied) << "carried out once";
}

TEST_F(ExactlyOnceTest, AProvisionalAnswerIsReplacedByTheOneThatSettlesIt) {
  for (const std::string& key : {std::string("client"), made_key()}) {
    start_over();
    EXPECT_EQ(apply(key, "begin").status, kProvisional);
    apply("other", "begin");
    EXPECT_EQ(apply(key, "begin").body, "1") << "until it is settled";
    EXPECT_EQ(apply("", "end " + key).body, "end 3");
    EXPECT_EQ(apply(key, "begin").status, 200);
    EXPECT_EQ(apply(key, "begin").body, "end 3");
    EXPECT_EQ(apply(key, "x").status, 422) << "the body that counts is that of the first command";
    EXPECT_EQ(apply("other", "begin").status, kProvisional);
    EXPECT_EQ(counter.applied, 3);
    EXPECT_EQ(machine.remembered(), 2U);
  }
}

TEST_F(ExactlyOnceTest, ACommandWithAKeyMaySettleAnother) {
  apply("a", "begin");
  EXPECT_EQ(apply("b", "end a").body, "end 2");
  EXPECT_EQ(apply("a", "begin").body, "end 2");
  EXPECT_EQ(apply("b", "end a").body, "end 2");
  EXPECT_EQ(counter.applied, 2);
}

TEST_F(ExactlyOnceTest, OnlyAProvisionalAnswerIsReplaced) {
  apply("a", "x");
  apply("", "end a");
  EXPECT_EQ(apply("a", "x").body, "1");
  apply("b", "begin");
  apply("", "end b");
  apply("", "end b");
  EXPECT_EQ(apply("b", "begin").body, "end 4") << "the first that settles it";
  apply("", "end nobody");
  EXPECT_EQ(machine.remembered(), 2U);
}

TEST_F(ExactlyOnceTest, ASettledKeyAgesFromItsFirstCommand) {
  constexpr int64_t kDayMs = ExactlyOnce::kClientKeyMs;
  apply("a", "begin");
  for (int64_t ms = 1000; ms <= kDayMs; ms += 1000) apply("", "y", kNow + ms);
  apply("", "end a", kNow + kDayMs);
  EXPECT_EQ(apply("a", "begin", kNow + kDayMs).status, 200);
  EXPECT_EQ(apply("a", "begin", kNow + kDayMs + 1).status, kProvisional) << "forgotten: anew";
  start_over();
  apply(made_key(), "begin");
  apply("", "end " + made_key(), kNow + ExactlyOnce::kMadeKeyMs);
  EXPECT_EQ(machine.remembered(), 1U);
  apply("", "y", kNow + ExactlyOnce::kMadeKeyMs + 1);
  EXPECT_EQ(machine.remembered(), 0U);
}

TEST_F(ExactlyOnceTest, NothingIsSettledWhereTheKeyIsForgotten) {
  apply(made_key(), "begin");
  const std::string end = "end " + made_key();
  EXPECT_EQ(apply("", end, kNow + ExactlyOnce::kMadeKeyMs + 1).status, 200);
  EXPECT_EQ(machine.remembered(), 0U);
}

TEST_F(ExactlyOnceTest, AFrozenStateShowsTheAnswerOfItsTime) {
  apply("a", "begin");
  apply(made_key(), "begin");
  apply("b", "begin");
  const auto written = [](const FrozenState& state) {
    std::vector<std::string> all;
    state.write_rows([&all](std::string_view row) {
      all.emplace_back(row);
      return true;
    });
    return all;
  };
  const auto picture = machine.freeze();
  const auto before = written(*picture);
  apply("", "end a");
  apply("", "end " + made_key());
  EXPECT_EQ(written(*picture), before);
  const auto after = written(*machine.freeze());
  EXPECT_EQ(after.size(), before.size());
  EXPECT_NE(after, before);
}

TEST_F(ExactlyOnceTest, ASnapshotHoldsWhatIsSettledAndWhatIsNot) {
  apply("a", "begin");
  apply("b", "begin");
  apply(made_key(), "begin");
  apply("", "end b");
  apply("", "end " + made_key());
  const auto frozen = rows();
  machine.reset();
  for (const std::string& row : frozen) ASSERT_TRUE(machine.restore_row(row)) << row;
  ASSERT_TRUE(machine.finish_restore());
  EXPECT_EQ(rows(), frozen);
  EXPECT_EQ(apply("b", "begin").body, "end 4");
  EXPECT_EQ(apply("a", "begin").status, kProvisional);
  apply("", "end a");
  EXPECT_EQ(apply("a", "begin").body, "end 6");
}

TEST_F(ExactlyOnceTest, TheClockOfKeysIsPartOfTheState) {
  apply("a", "x", kNow);
  apply("b", "y", kNow + 700);
  const auto frozen = rows();
  machine.reset();
  for (const std::string& row : frozen) ASSERT_TRUE(machine.restore_row(row)) << row;
  EXPECT_EQ(rows(), frozen);
  EXPECT_FALSE(machine.restore_row(R"({"key_clock":{"clock":1}})"));
}

}  // namespace
}  // namespace tandem::repl

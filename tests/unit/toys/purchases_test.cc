#include "toys/purchases.h"

#include "toys/machine.h"

namespace tandem::toys {
namespace {

constexpr uint64_t kLineage = 0xabc;
constexpr int64_t kMs = 1'000'000;

struct PurchasesTest : testing::Test {
  // An intent that is applied, and told where `tell`.
  IntentId open(const std::string& name = "Tux", int64_t quantity = 1, bool tell = true) {
    log.apply(Orders::intent_command({name, quantity}), "k" + std::to_string(log.index));
    const IntentId id{log.epoch, log.index};
    if (tell) purchases.opened(id, now, effects);
    return id;
  }
  // The result is applied, and told.
  void close(const IntentId& id, uint16_t status = kTaken) {
    log.apply(Orders::result_command(id, status));
    purchases.closed(id, now, effects);
  }
  void start() {
    purchases.start([](uint64_t) { return kLineage; }, now, effects);
  }
  void tick(int64_t ms) {
    now += ms * kMs;
    purchases.tick(now, effects);
  }
  void answer(const IntentId& id, uint16_t status) {
    purchases.catalog_answered(id, status, now, effects);
  }
  // What has come out since the last call.
  std::vector<IntentId> asked() {
    std::vector<IntentId> ids;
    for (const Take& take : std::exchange(effects.takes, {})) ids.push_back(take.intent);
    return ids;
  }
  std::vector<std::pair<IntentId, uint16_t>> logged() {
    std::vector<std::pair<IntentId, uint16_t>> results;
    for (const auto& result : std::exchange(effects.results, {})) {
      results.emplace_back(result.intent, result.status);
    }
    return results;
  }
  using Ids = std::vector<IntentId>;
  using Results = std::vector<std::pair<IntentId, uint16_t>>;

  Logged<Orders> log;
  int64_t now = 0;
  Purchases::Effects effects;
  Purchases purchases{{.max_asking = 2}, log.machine};
};

TEST_F(PurchasesTest, AnIntentIsTakenFromTheStockAndItsOutcomeLogged) {
  start();
  const IntentId a = open("Tux", 3);
  ASSERT_EQ(effects.takes.size(), 1U);
  EXPECT_EQ(to_json(effects.takes[0]), to_json(Take{kLineage, a, a, "Tux", 3}));
  EXPECT_TRUE(logged().empty());
  answer(a, kTaken);
  EXPECT_EQ(logged(), (Results{{a, kTaken}}));
  EXPECT_EQ(purchases.open(), 1U) << "until the result is applied";
  close(a);
  EXPECT_EQ(purchases.open(), 0U);
}

// The catalog may have its outcome under that name.
TEST_F(PurchasesTest, AnIntentOfBeforeARestoreIsAskedForAsWhatItWasThen) {
  const IntentId before = open("Tux", 1, false);
  const uint64_t last_epoch = log.epoch;
  purchases.start([&](uint64_t epoch) { return epoch <= last_epoch ? kLineage : kLineage + 1; },
                  now, effects);
  ++log.epoch;
  const IntentId after = open("Lego");
  ASSERT_EQ(effects.takes.size(), 2U);
  EXPECT_EQ(to_json(effects.takes[0]), to_json(Take{kLineage, before, before, "Tux", 1}));
  EXPECT_EQ(to_json(effects.takes[1]), to_json(Take{kLineage + 1, after, before, "Lego", 1}));
}

TEST_F(PurchasesTest, EveryOutcomeIsLoggedAsItIs) {
  start();
  for (const uint16_t outcome : {kTaken, kNoSuchToy, kOutOfStock, kClosed}) {
    const IntentId id = open();
    answer(id, outcome);
    EXPECT_EQ(logged(), (Results{{id, outcome}}));
    close(id, outcome);
  }
}

TEST_F(PurchasesTest, WithoutAnOutcomeItIsAskedAgainAfterAPauseThatGrows) {
  start();
  const IntentId a = open();
  int64_t pause_ms = 5;
  for (const int none : {503, 504, 500, 422, 201, 0, 503, 503, 503}) {
    EXPECT_EQ(asked(), (Ids{a}));
    answer(a, static_cast<uint16_t>(none));
    EXPECT_TRUE(logged().empty()) << none;
    tick(pause_ms - 1);
    EXPECT_TRUE(asked().empty()) << pause_ms;
    tick(1);
    pause_ms = std::min<int64_t>(2 * pause_ms, 500);
  }
  answer(a, kTaken);
  EXPECT_EQ(logged(), (Results{{a, kTaken}}));
}

TEST_F(PurchasesTest, AResultThatWasNotLoggedIsLoggedAgainWithoutAskingAgain) {
  start();
  const IntentId a = open();
  answer(a, kOutOfStock);
  asked();
  logged();
  purchases.result_failed(a, now);
  EXPECT_TRUE(logged().empty());
  tick(5);
  EXPECT_EQ(logged(), (Results{{a, kOutOfStock}}));
  EXPECT_TRUE(asked().empty());
}

TEST_F(PurchasesTest, AResultThatWasGivenUpAndAppliedAfterAllEndsIt) {
  start();
  const IntentId a = open();
  answer(a, kTaken);
  purchases.result_failed(a, now);
  log.apply(Orders::result_command(a, kTaken));
  logged();
  tick(5);
  EXPECT_TRUE(logged().empty());
  EXPECT_EQ(purchases.open(), 0U);
}

TEST_F(PurchasesTest, OnlySoManyAreAskedForAtATime) {
  start();
  const IntentId a = open(), b = open(), c = open(), d = open(), e = open();
  EXPECT_EQ(asked(), (Ids{a, b}));
  EXPECT_EQ(purchases.open(), 5U);
  answer(b, kTaken);
  EXPECT_EQ(asked(), (Ids{c})) << "in the order of the log";
  answer(a, 503);
  EXPECT_EQ(asked(), (Ids{d})) << "one that waits makes room";
  tick(5);
  EXPECT_TRUE(asked().empty()) << "and waits for room itself";
  answer(c, kTaken);
  answer(d, kTaken);
  EXPECT_EQ(asked(), (Ids{e, a}));
}

// A question that has no answer yet when its intent is closed gives its place back, once.
TEST_F(PurchasesTest, AnIntentThatIsClosedMakesRoom) {
  start();
  const IntentId a = open(), b = open(), c = open(), d = open();
  asked();
  close(a);
  EXPECT_EQ(asked(), (Ids{c}));
  answer(a, kTaken);
  EXPECT_TRUE(logged().empty());
  EXPECT_TRUE(asked().empty());
  log.apply(Orders::result_command(b, kTaken));
  answer(b, kTaken);
  purchases.closed(b, now, effects);
  EXPECT_EQ(asked(), (Ids{d}));
  const IntentId e = open();
  EXPECT_TRUE(asked().empty());
  answer(c, kTaken);
  EXPECT_EQ(asked(), (Ids{e}));
}

TEST_F(PurchasesTest, ATakeTellsWhatIsClosed) {
  start();
  const IntentId a = open();
  const IntentId b = open();
  EXPECT_EQ(effects.takes[0].closed_below, a);
  EXPECT_EQ(effects.takes[1].closed_below, a) << "a is open";
  answer(a, kTaken);
  close(a);
  effects.takes.clear();
  answer(b, 503);
  tick(5);
  ASSERT_EQ(effects.takes.size(), 1U);
  EXPECT_EQ(effects.takes[0].closed_below, b) << "as it is when it is asked";
}

TEST_F(PurchasesTest, ANewLeaderCarriesOnWhatIsOpen) {
  const IntentId a = open("Tux", 1, false);
  const IntentId b = open("Lego", 2, false);
  purchases.opened(a, now, effects);
  tick(1000);
  EXPECT_TRUE(asked().empty()) << "it does not lead";
  log.epoch = 2;
  start();
  ASSERT_EQ(effects.takes.size(), 2U);
  EXPECT_EQ(to_json(effects.takes[1]), to_json(Take{kLineage, b, a, "Lego", 2}));
  asked();
  purchases.opened(a, now, effects);
  EXPECT_TRUE(asked().empty()) << "one that is known is no news";
}

TEST_F(PurchasesTest, WhoLeadsNoMoreDoesNothing) {
  start();
  const IntentId a = open();
  const IntentId b = open();
  answer(b, kTaken);
  asked();
  logged();
  purchases.stop();
  EXPECT_FALSE(purchases.started());
  answer(a, kTaken);
  purchases.result_failed(b, now);
  purchases.closed(b, now, effects);
  open();
  tick(1000);
  EXPECT_TRUE(asked().empty());
  EXPECT_TRUE(logged().empty());
  EXPECT_EQ(purchases.open(), 0U);
}

TEST_F(PurchasesTest, WhoLeadsAgainAsksForEverythingAgain) {
  start();
  const IntentId a = open();
  const IntentId b = open();
  asked();
  purchases.stop();
  start();
  EXPECT_EQ(asked(), (Ids{a, b}));
  answer(a, kTaken);  // of the first question or the second: the outcome is the same
  EXPECT_EQ(logged(), (Results{{a, kTaken}}));
  answer(a, kTaken);
  EXPECT_TRUE(logged().empty());
  EXPECT_TRUE(asked().empty());
}

}  // namespace
}  // namespace tandem::toys

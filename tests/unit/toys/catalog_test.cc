#include "toys/catalog.h"

#include "toys/machine.h"

namespace tandem::toys {
namespace {

constexpr uint64_t kOrders = 0xabc;  // lineage of the order group

struct CatalogTest : testing::Test {
  CatalogTest() {
    catalog.on_change([this](const Toy& toy) { changes.push_back(toy); });
    init({{"Tux", 1599, 100}, {"Lego", 3599, 2}});
    changes.clear();
  }
  void init(const std::vector<NewToy>& toys) {
    EXPECT_EQ(log.apply(Catalog::init_command(toys)).status, 200);
  }
  uint16_t take(uint64_t intent, const std::string& name, int64_t quantity,
                uint64_t closed_below = 0) {
    return take_as(kOrders, {1, intent}, {1, closed_below}, name, quantity);
  }
  uint16_t take_as(uint64_t lineage, IntentId intent, IntentId closed_below,
                   const std::string& name = "Tux", int64_t quantity = 1) {
    return log.apply(Catalog::take_command({lineage, intent, closed_below, name, quantity})).status;
  }
  int64_t stock(std::string_view name) const { return catalog.find(name)->stock; }
  // Never more than one lot of changes: those since the last call.
  std::vector<std::string> changed() {
    std::vector<std::string> names;
    for (const Toy& toy : std::exchange(changes, {})) names.push_back(toy.name);
    return names;
  }
  void expect_sums() const {
    for (const Toy& toy : catalog.toys()) {
      EXPECT_EQ(toy.stock + toy.sold, toy.start + toy.restocked) << toy.name;
    }
  }

  Logged<Catalog> log;
  Catalog& catalog = log.machine;
  std::vector<Toy> changes;
};

TEST_F(CatalogTest, BeginsWithItsFirstToys) {
  EXPECT_TRUE(catalog.initialised());
  ASSERT_EQ(catalog.toys().size(), 2U);
  EXPECT_EQ(catalog.toys()[0], (Toy{"Tux", 1599, 100, 1, 100, 0, 0}));
  EXPECT_EQ(catalog.toys()[1].name, "Lego");
  EXPECT_EQ(catalog.find("Lego"), &catalog.toys()[1]);
  EXPECT_EQ(catalog.find("lego"), nullptr);
  EXPECT_EQ(to_json(*catalog.find("Tux")),
            R"({"name":"Tux","price":15.99,"quantity":100,"version":1})");
}

TEST_F(CatalogTest, GetsItsFirstToysOnce) {
  EXPECT_EQ(log.apply(Catalog::init_command({{"Chess", 1, 1}})).status, 409);
  EXPECT_EQ(catalog.toys().size(), 2U);
  catalog.reset();
  init({});
  EXPECT_TRUE(catalog.initialised());
  EXPECT_EQ(log.apply(Catalog::init_command({{"Chess", 1, 1}})).status, 409);
}

// A take of a new store must not find out, for good, that there is no such toy.
TEST_F(CatalogTest, RefusesEverythingBeforeItsFirstToys) {
  catalog.reset();
  for (const std::string& command :
       {Catalog::take_command({kOrders, {1, 5}, {1, 5}, "Tux", 1}),
        Catalog::restock_command({"Tux", 1}), Catalog::restock_empty_command(1),
        Catalog::price_command({"Tux", 1}), Catalog::add_command({"Tux", 1, 1})}) {
    EXPECT_EQ(log.apply(command).status, 503) << command;
  }
  EXPECT_TRUE(changes.empty());
  EXPECT_EQ(catalog.remembered_outcomes(), 0U);
  init({{"Tux", 1599, 100}});
  EXPECT_EQ(take(5, "Tux", 1), kTaken);
}

TEST_F(CatalogTest, ATakeTakesOutOfTheStock) {
  EXPECT_EQ(take(5, "Tux", 30), kTaken);
  EXPECT_EQ(*catalog.find("Tux"), (Toy{"Tux", 1599, 70, log.index, 100, 0, 30}));
  EXPECT_EQ(changed(), (std::vector<std::string>{"Tux"}));
}

TEST_F(CatalogTest, ATakeOfMoreThanThereIsOrOfNothingThatThereIsChangesNothing) {
  EXPECT_EQ(take(5, "Lego", 3), kOutOfStock);
  EXPECT_EQ(take(6, "Nothing", 1), kNoSuchToy);
  EXPECT_TRUE(changes.empty());
  EXPECT_EQ(stock("Lego"), 2);
  EXPECT_EQ(take(7, "Lego", 2), kTaken);
  EXPECT_EQ(take(8, "Lego", 1), kOutOfStock);
  EXPECT_EQ(stock("Lego"), 0);
  expect_sums();
}

TEST_F(CatalogTest, ARepetitionGetsTheSameOutcomeWhateverHasChangedSince) {
  EXPECT_EQ(take(5, "Lego", 3), kOutOfStock);
  EXPECT_EQ(take(6, "Nothing", 1), kNoSuchToy);
  EXPECT_EQ(take(7, "Lego", 2), kTaken);
  log.apply(Catalog::restock_command({"Lego", 10}));
  log.apply(Catalog::add_command({"Nothing", 1, 1}));
  changes.clear();
  EXPECT_EQ(take(5, "Lego", 3), kOutOfStock);
  EXPECT_EQ(take(6, "Nothing", 1), kNoSuchToy);
  EXPECT_EQ(take(7, "Lego", 2), kTaken);
  EXPECT_TRUE(changes.empty());
  EXPECT_EQ(stock("Lego"), 10);
  EXPECT_EQ(catalog.remembered_outcomes(), 3U);
}

TEST_F(CatalogTest, OutcomesOfClosedIntentsAreForgottenAndLateTakesDoNothing) {
  take(5, "Tux", 1);
  take(7, "Tux", 1);
  EXPECT_EQ(take(9, "Tux", 1, 7), kTaken);
  EXPECT_EQ(catalog.remembered_outcomes(), 2U);
  changes.clear();
  EXPECT_EQ(take(5, "Tux", 1), kClosed) << "it was known";
  EXPECT_EQ(take(6, "Tux", 1), kClosed) << "it never was, and must not be now";
  EXPECT_TRUE(changes.empty());
  EXPECT_EQ(take(7, "Tux", 1), kTaken) << "open: as before";
  EXPECT_EQ(stock("Tux"), 97);
}

TEST_F(CatalogTest, WhatIsClosedOnlyRises) {
  take(9, "Tux", 1, 9);
  EXPECT_EQ(take(10, "Tux", 1, 3), kTaken) << "a take that was long on its way";
  EXPECT_EQ(take(8, "Tux", 1, 3), kClosed);
  EXPECT_EQ(stock("Tux"), 98);
}

// What a late take says of others is true as well: it was said by a leader that had applied it.
TEST_F(CatalogTest, ARepetitionClosesOthersToo) {
  take(5, "Tux", 1);
  take(9, "Tux", 1);
  EXPECT_EQ(take(9, "Tux", 1, 9), kTaken);
  EXPECT_EQ(catalog.remembered_outcomes(), 1U);
  EXPECT_EQ(take(5, "Tux", 1), kClosed);
}

TEST_F(CatalogTest, IntentsAreOrderedByEpochFirst) {
  EXPECT_EQ(take_as(kOrders, {2, 4}, {2, 4}), kTaken);
  EXPECT_EQ(take_as(kOrders, {1, 900}, {1, 1}), kClosed);
  EXPECT_EQ(take_as(kOrders, {2, 3}, {1, 1}), kClosed);
  EXPECT_EQ(take_as(kOrders, {3, 1}, {1, 1}), kTaken);
}

TEST_F(CatalogTest, EachLineageHasItsOwnIntents) {
  EXPECT_EQ(take_as(kOrders, {3, 9}, {3, 9}), kTaken);
  EXPECT_EQ(take_as(kOrders + 1, {1, 1}, {1, 1}), kTaken) << "a new order group begins again";
  EXPECT_EQ(take_as(kOrders + 1, {3, 9}, {1, 1}), kTaken) << "another intent of the same name";
  EXPECT_EQ(take_as(kOrders, {1, 1}, {1, 1}), kClosed);
  EXPECT_EQ(stock("Tux"), 97);
}

TEST_F(CatalogTest, OutcomesAreBoundedAndTheLowestIntentIsServedThen) {
  log.apply(Catalog::restock_command({"Tux", kMaxQuantity}));
  for (uint64_t i = 1; i <= kMaxOutcomes; ++i) ASSERT_EQ(take(i + 1, "Tux", 1, 1), kTaken);
  EXPECT_EQ(take(kMaxOutcomes + 9, "Tux", 1, 1), 503);
  EXPECT_EQ(take(2, "Tux", 1, 1), kTaken) << "known";
  EXPECT_EQ(take(1, "Tux", 1, 1), kTaken) << "the lowest that is open";
  EXPECT_EQ(take(kMaxOutcomes + 9, "Tux", 1, 1), 503);
  EXPECT_EQ(take(kMaxOutcomes + 9, "Tux", 1, 50), kTaken);
  EXPECT_EQ(catalog.find("Tux")->sold, static_cast<int64_t>(kMaxOutcomes) + 2);
}

TEST_F(CatalogTest, OrderGroupsAreBounded) {
  for (uint64_t i = 1; i <= kMaxLineages; ++i)
    ASSERT_EQ(take_as(i, {1, 1}, {1, 1}, "Lego"), 200 + (i > 2 ? 200 : 0));
  EXPECT_EQ(take_as(kMaxLineages + 1, {1, 1}, {1, 1}), 503);
  EXPECT_EQ(take_as(kMaxLineages, {1, 2}, {1, 2}), kTaken);
}

TEST_F(CatalogTest, ARestockAdds) {
  take(5, "Tux", 60);
  const repl::Applied applied = log.apply(Catalog::restock_command({"Tux", 50}));
  EXPECT_EQ(applied.status, 200);
  EXPECT_EQ(applied.body, R"({"name":"Tux","price":15.99,"quantity":90,"version":3})");
  EXPECT_EQ(*catalog.find("Tux"), (Toy{"Tux", 1599, 90, 3, 100, 50, 60}));
  EXPECT_EQ(log.apply(Catalog::restock_command({"Nothing", 50})).status, 404);
}

TEST_F(CatalogTest, AStockHasALimit) {
  std::vector<std::string> rows = rows_of(catalog);
  for (std::string& row : rows) {
    if (row.find("Tux") == std::string::npos) continue;
    row = R"({"toy":{"name":"Tux","price_cents":1,"stock":999999999999999,"version":1,)"
          R"("start":999999999999999,"restocked":0,"sold":0}})";
  }
  restore(catalog, rows);
  EXPECT_EQ(log.apply(Catalog::restock_command({"Tux", 2})).status, 400);
  EXPECT_EQ(log.apply(Catalog::restock_command({"Tux", 1})).status, 200);
  EXPECT_EQ(stock("Tux"), kMaxStock);
  expect_sums();
}

TEST_F(CatalogTest, WhatIsSoldOutIsRestocked) {
  EXPECT_FALSE(catalog.any_empty());
  log.apply(Catalog::add_command({"Kite", 1, 0}));
  take(5, "Lego", 2);
  EXPECT_TRUE(catalog.any_empty());
  changes.clear();
  EXPECT_EQ(log.apply(Catalog::restock_empty_command(100)).body, R"({"restocked":2})");
  EXPECT_EQ(changed(), (std::vector<std::string>{"Lego", "Kite"}));
  EXPECT_EQ(stock("Tux"), 100);
  EXPECT_EQ(*catalog.find("Lego"), (Toy{"Lego", 3599, 100, log.index, 2, 100, 2}));
  EXPECT_FALSE(catalog.any_empty());
  EXPECT_EQ(log.apply(Catalog::restock_empty_command(100)).body, R"({"restocked":0})");
  EXPECT_TRUE(changes.empty());
}

TEST_F(CatalogTest, APriceChanges) {
  EXPECT_EQ(log.apply(Catalog::price_command({"Tux", 999})).body,
            R"({"name":"Tux","price":9.99,"quantity":100,"version":2})");
  EXPECT_EQ(changed(), (std::vector<std::string>{"Tux"}));
  EXPECT_EQ(log.apply(Catalog::price_command({"Nothing", 999})).status, 404);
  EXPECT_TRUE(changes.empty());
}

TEST_F(CatalogTest, AToyIsAddedBehindTheOthersOnce) {
  const repl::Applied added = log.apply(Catalog::add_command({"Kite", 1250, 10}));
  EXPECT_EQ(added.status, 201);
  EXPECT_EQ(added.body, R"({"name":"Kite","price":12.50,"quantity":10,"version":2})");
  EXPECT_EQ(catalog.toys().back(), (Toy{"Kite", 1250, 10, 2, 10, 0, 0}));
  EXPECT_EQ(changed(), (std::vector<std::string>{"Kite"}));
  EXPECT_EQ(log.apply(Catalog::add_command({"Kite", 1, 1})).status, 409);
  EXPECT_EQ(catalog.find("Kite")->price_cents, 1250);
  EXPECT_TRUE(changes.empty());
}

TEST_F(CatalogTest, ACatalogHoldsSoManyToysAndNoMore) {
  catalog.reset();
  std::vector<NewToy> toys;
  for (size_t i = 0; i < kMaxToys; ++i) toys.push_back({"toy " + std::to_string(i), 1, 1});
  init(toys);
  EXPECT_EQ(log.apply(Catalog::add_command({"Kite", 1, 1})).status, 409);
  EXPECT_EQ(catalog.toys().size(), kMaxToys);
}

TEST_F(CatalogTest, MalformedCommandsDoNothing) {
  const auto before = rows_of(catalog);
  for (
      const char* command :
      {"", "{}", "[]", R"({"buy":{}})", R"({"take":7})",
       R"({"take":{"orders":"1","intent":"1-1","closed_below":"1-1","name":"Tux","quantity":1}})",
       R"({"take":{"orders":"0000000000000abc","intent":"1","closed_below":"1-1","name":"Tux","quantity":1}})",
       R"({"take":{"orders":"0000000000000abc","intent":"1-1","closed_below":"1-2","name":"Tux","quantity":1}})",
       R"({"take":{"orders":"0000000000000abc","intent":"1-1","closed_below":"1-1","name":"Tux","quantity":0}})",
       R"({"restock":{"name":"Tux","quantity":-5}})", R"({"restock_empty":{"to":0}})",
       R"({"price":{"name":"Tux","price_cents":-1}})",
       R"({"price":{"name":"Tux","price_cents":1.5}})",
       R"({"add":{"name":"a\nb","price_cents":1,"quantity":1}})"}) {
    EXPECT_EQ(log.apply(command).status, 500) << command << ": no outcome of a take";
  }
  EXPECT_EQ(rows_of(catalog), before);
  EXPECT_TRUE(changes.empty());
  catalog.reset();
  EXPECT_EQ(log.apply(R"({"init":{}})").status, 500);
  EXPECT_EQ(
      log.apply(R"({"init":[{"name":"Tux","price_cents":1,"quantity":1},{"name":""}]})").status,
      500);
  EXPECT_FALSE(catalog.initialised());
  EXPECT_TRUE(catalog.toys().empty());
}

TEST_F(CatalogTest, ATakeOnItsWay) {
  const Take take{kOrders, {7, 1234}, {7, 1200}, "Tux", 2};
  EXPECT_EQ(to_json(take),
            R"({"orders":"0000000000000abc","intent":"7-1234","closed_below":"7-1200",)"
            R"("name":"Tux","quantity":2})");
  const auto parsed = parse_take(to_json(take));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(to_json(*parsed), to_json(take));
  EXPECT_EQ(parse_take("{}").error().message, "orders is missing");
  EXPECT_EQ(parse_take(to_json({kOrders, {7, 1}, {7, 2}, "Tux", 1})).error().message,
            "closed_below is above the intent");
}

TEST_F(CatalogTest, ASnapshotCanBeRead) {
  take_as(0x20, {7, 1234}, {7, 1200}, "Tux", 3);
  take_as(0x10, {1, 5}, {1, 4}, "Lego", 3);
  EXPECT_EQ(
      rows_of(catalog),
      (std::vector<std::string>{
          R"({"initialised":true})",
          R"({"toy":{"name":"Tux","price_cents":1599,"stock":97,"version":2,"start":100,"restocked":0,"sold":3}})",
          R"({"toy":{"name":"Lego","price_cents":3599,"stock":2,"version":1,"start":2,"restocked":0,"sold":0}})",
          R"({"orders":{"lineage":"0000000000000010","closed_below":"1-4"}})",
          R"({"take":{"orders":"0000000000000010","intent":"1-5","status":400}})",
          R"({"orders":{"lineage":"0000000000000020","closed_below":"7-1200"}})",
          R"({"take":{"orders":"0000000000000020","intent":"7-1234","status":200}})"}));
}

TEST_F(CatalogTest, ARestoredCatalogGoesOnAsTheOtherDoes) {
  for (uint64_t i = 10; i < 40; ++i) take(i, i % 3 == 0 ? "Lego" : "Tux", 1, i - 5);
  log.apply(Catalog::add_command({"say \"hi\"", 1, 0}));
  const auto rows = rows_of(catalog);
  Logged<Catalog> other;
  size_t told = 0;
  other.machine.on_change([&told](const Toy&) { ++told; });
  restore(other.machine, rows);
  EXPECT_EQ(told, 0U) << "a snapshot changes nothing";
  EXPECT_EQ(rows_of(other.machine), rows);
  other.index = log.index;
  for (uint64_t i = 30; i < 45; ++i) {
    const std::string command = Catalog::take_command({kOrders, {1, i}, {1, 33}, "Tux", 1});
    const repl::Applied expected = log.apply(command);
    EXPECT_EQ(other.apply(command).body, expected.body) << i;
  }
  EXPECT_EQ(rows_of(other.machine), rows_of(catalog));
}

TEST_F(CatalogTest, ASnapshotOfACatalogWithoutItsFirstToys) {
  catalog.reset();
  restore(catalog, rows_of(catalog));
  EXPECT_FALSE(catalog.initialised());
}

TEST_F(CatalogTest, AFrozenStateDoesNotChange) {
  take(5, "Tux", 1);
  const auto frozen = catalog.freeze();
  const auto before = rows_of(*frozen);
  take(9, "Lego", 1, 9);
  log.apply(Catalog::add_command({"Kite", 1, 1}));
  EXPECT_EQ(rows_of(*frozen), before);
  EXPECT_NE(rows_of(catalog), before);
  for (size_t stop = 0; stop < before.size(); ++stop) {
    size_t written = 0;
    EXPECT_FALSE(frozen->write_rows([&](std::string_view) { return written++ < stop; }));
  }
}

TEST_F(CatalogTest, DamagedSnapshotsAreRefused) {
  const std::string toy = R"({"toy":{"name":"Tux","price_cents":1,"version":1,)";
  for (const std::string& row :
       {std::string("7"), std::string("{}"), std::string(R"({"initialised":1})"),
        toy + R"("stock":1,"start":1,"restocked":0,"sold":0}})",
        std::string(R"({"toy":{"name":"Kite"}})"),
        std::string(R"({"orders":{"lineage":"0000000000000001"}})"),
        std::string(R"({"orders":{"lineage":"0000000000000abc","closed_below":"1-1"}})"),
        std::string(R"({"take":{"orders":"0000000000000abd","intent":"1-9","status":200}})"),
        std::string(R"({"take":{"orders":"0000000000000abc","intent":"1-4","status":200}})"),
        std::string(R"({"take":{"orders":"0000000000000abc","intent":"1-9","status":410}})")}) {
    catalog.reset();
    ASSERT_TRUE(catalog.restore_row(toy + R"("stock":3,"start":1,"restocked":5,"sold":3}})"));
    ASSERT_TRUE(
        catalog.restore_row(R"({"orders":{"lineage":"0000000000000abc","closed_below":"1-5"}})"));
    const Status status = catalog.restore_row(row);
    ASSERT_FALSE(status) << row;
    EXPECT_EQ(status.error().kind, ErrorKind::kCorrupt);
  }
  catalog.reset();
  const Status sums = catalog.restore_row(toy + R"("stock":4,"start":1,"restocked":5,"sold":3}})");
  ASSERT_FALSE(sums);
  EXPECT_NE(sums.error().message.find("'Tux'"), std::string::npos);
}

}  // namespace
}  // namespace tandem::toys

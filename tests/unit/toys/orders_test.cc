#include "toys/orders.h"

#include <thread>

#include "toys/catalog.h"
#include "toys/machine.h"

namespace tandem::toys {
namespace {

struct OrdersTest : testing::Test {
  IntentId open(const std::string& key, const std::string& name = "Tux", int64_t quantity = 1) {
    const repl::Applied applied = log.apply(Orders::intent_command({name, quantity}), key);
    EXPECT_EQ(applied.status, kAccepted);
    const auto id = Orders::intent_of(applied.body);
    EXPECT_TRUE(id) << applied.body;
    return *id;
  }
  repl::Applied close(const IntentId& intent, uint16_t status = kTaken) {
    return log.apply(Orders::result_command(intent, status));
  }

  Logged<Orders> log;
  Orders& orders = log.machine;
};

TEST_F(OrdersTest, AnIntentIsWhereItsEntryIs) {
  log.epoch = 7;
  log.index = 1233;
  EXPECT_EQ(open("k"), (IntentId{7, 1234}));
  ASSERT_EQ(orders.open().size(), 1U);
  EXPECT_EQ(orders.open().begin()->second, (Intent{{7, 1234}, "k", "Tux", 1}));
  EXPECT_EQ(orders.count(), 0U);
}

TEST_F(OrdersTest, NumbersAreAssignedByResultsFromZeroWithoutAGap) {
  const IntentId a = open("a", "Tux", 1);
  const IntentId b = open("b", "Lego", 2);
  const IntentId c = open("c", "Chess", 3);
  EXPECT_EQ(close(c).body, R"({"order_number":0})");
  EXPECT_EQ(close(b, kOutOfStock).status, kOutOfStock);
  const repl::Applied last = close(a);
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(last.body, R"({"order_number":1})");
  EXPECT_EQ(last.settles, "a");
  EXPECT_EQ(orders.count(), 2U);
  EXPECT_EQ(*orders.find(0), (Order{"Chess", 3}));
  EXPECT_EQ(*orders.find(1), (Order{"Tux", 1}));
  EXPECT_EQ(orders.find(2), nullptr);
  EXPECT_EQ(orders.find(UINT64_MAX), nullptr);
  EXPECT_TRUE(orders.open().empty());
}

TEST_F(OrdersTest, TheDigestIsOfAllOrdersInTheirOrder) {
  const auto bought = [](std::initializer_list<Purchase> purchases) {
    Orders made;
    uint64_t index = 0;
    for (const Purchase& purchase : purchases) {
      wire::Entry entry;
      entry.epoch = 1;
      entry.index = ++index;
      entry.payload = Orders::intent_command(purchase);
      const IntentId intent = *Orders::intent_of(made.apply(entry).body);
      entry.index = ++index;
      entry.payload = Orders::result_command(intent, 200);
      made.apply(entry);
    }
    return made.digest();
  };
  const uint64_t two = bought({{"Tux", 1}, {"Fox", 2}});
  EXPECT_EQ(bought({}), 0U);
  EXPECT_EQ(bought({{"Tux", 1}, {"Fox", 2}}), two);
  EXPECT_NE(bought({{"Fox", 2}, {"Tux", 1}}), two);
  EXPECT_NE(bought({{"Tux", 1}, {"Fox", 3}}), two);
  EXPECT_NE(bought({{"Tux", 1}}), two);
}

TEST_F(OrdersTest, AnIntentWithoutAnOrderSettlesItsKeyToo) {
  const repl::Applied missing = close(open("a"), kNoSuchToy);
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.body, R"({"error":{"code":404,"message":"product not found"}})");
  EXPECT_EQ(missing.settles, "a");
  const repl::Applied sold_out = close(open("b"), kOutOfStock);
  EXPECT_EQ(sold_out.status, 400);
  EXPECT_EQ(sold_out.body, R"({"error":{"code":400,"message":"product out of stock"}})");
  EXPECT_EQ(sold_out.settles, "b");
  const repl::Applied lost = close(open("c"), kClosed);
  EXPECT_EQ(lost.status, 410);
  EXPECT_EQ(lost.settles, "c");
  EXPECT_EQ(orders.count(), 0U);
  EXPECT_TRUE(orders.open().empty());
}

TEST_F(OrdersTest, AResultForAnIntentThatIsNotOpenDoesNothing) {
  const IntentId a = open("a");
  const IntentId b = open("b");
  close(a);
  const auto before = orders.closed_below();
  for (const IntentId& id : {a, IntentId{1, 99}, IntentId{0, 0}}) {
    const repl::Applied applied = close(id);
    EXPECT_NE(applied.status, 200);
    EXPECT_EQ(applied.settles, "");
  }
  EXPECT_EQ(orders.count(), 1U);
  EXPECT_EQ(orders.closed_below(), before);
  EXPECT_TRUE(orders.open().contains(b));
}

TEST_F(OrdersTest, EverythingBelowTheLowestOpenIntentIsClosed) {
  EXPECT_EQ(orders.closed_below(), (IntentId{0, 0}));
  const IntentId a = open("a");
  const IntentId b = open("b");
  EXPECT_EQ(orders.closed_below(), a);
  close(a);
  EXPECT_EQ(orders.closed_below(), b);
  close(b);
  EXPECT_EQ(orders.closed_below(), (IntentId{1, log.index + 1}));
  log.epoch = 2;
  const IntentId c = open("c");
  EXPECT_EQ(c.epoch, 2U);
  EXPECT_EQ(orders.closed_below(), c);
}

TEST_F(OrdersTest, AnIntentWithTheKeyOfAnOpenOneJoinsIt) {
  const IntentId a = open("a", "Tux", 2);
  EXPECT_EQ(open("a", "Tux", 2), a);
  EXPECT_EQ(orders.open().size(), 1U);
  EXPECT_EQ(log.apply(Orders::intent_command({"Tux", 3}), "a").status, 422);
  EXPECT_EQ(log.apply(Orders::intent_command({"Lego", 2}), "a").status, 422);
  close(a);
  EXPECT_NE(open("a", "Tux", 2), a) << "closed: anew";
}

TEST_F(OrdersTest, IntentsWithoutAKeyDoNotJoin) {
  const IntentId a = open("");
  EXPECT_NE(open(""), a);
  EXPECT_EQ(close(a).settles, "");
  EXPECT_EQ(orders.count(), 1U);
}

TEST_F(OrdersTest, MalformedCommandsDoNothing) {
  const IntentId a = open("a");
  for (const char* command :
       {"", "{}", "[]", "{\"intent\":7}", R"({"intent":{"name":"Tux"}})",
        R"({"intent":{"name":"","quantity":1}})", R"({"intent":{"name":"Tux","quantity":0}})",
        R"({"result":{"intent":"1-1"}})", R"({"result":{"intent":"1","status":200}})",
        R"({"result":{"intent":"1-1","status":201}})",
        R"({"result":{"intent":"1-1","status":"x"}})",
        R"({"result":{"intent":"1-1","status":-200}})"}) {
    EXPECT_EQ(log.apply(command, "b").status, 500) << command;
  }
  EXPECT_EQ(orders.open().size(), 1U);
  EXPECT_TRUE(orders.open().contains(a));
}

TEST_F(OrdersTest, OnlyAProvisionalBodyNamesAnIntent) {
  EXPECT_EQ(Orders::intent_of(R"({"intent":"7-1234"})"), (IntentId{7, 1234}));
  for (const char* body : {"", "7-1234", R"({"order_number":0})", R"({"intent":7})"}) {
    EXPECT_FALSE(Orders::intent_of(body)) << body;
  }
}

TEST_F(OrdersTest, ASnapshotCanBeRead) {
  close(open("a", "Tux", 1));
  open("b", "say \"hi\"", 2);
  EXPECT_EQ(rows_of(orders),
            (std::vector<std::string>{
                R"({"next_intent":"1-4"})",
                R"({"open":{"intent":"1-3","key":"b","name":"say \"hi\"","quantity":2}})",
                R"({"order":{"number":0,"name":"Tux","quantity":1}})"}));
}

// More than one chunk, and its borders.
TEST_F(OrdersTest, ARestoredStateGoesOnAsTheOtherDoes) {
  for (size_t orders_before : {size_t{0}, size_t{1}, Orders::kChunkOrders - 1, Orders::kChunkOrders,
                               2 * Orders::kChunkOrders + 5}) {
    log.machine.reset();
    while (orders.count() < orders_before) {
      close(open("k" + std::to_string(log.index), "toy " + std::to_string(log.index)));
    }
    const IntentId a = open("a");
    open("b");
    const auto rows = rows_of(orders);
    Logged<Orders> other;
    restore(other.machine, rows);
    other.index = log.index;
    EXPECT_EQ(rows_of(other.machine), rows);
    EXPECT_EQ(other.machine.closed_below(), a);
    EXPECT_EQ(other.apply(Orders::intent_command({"Tux", 1}), "b").body,
              log.apply(Orders::intent_command({"Tux", 1}), "b").body);
    EXPECT_EQ(other.apply(Orders::result_command(a, kTaken)).body, close(a).body);
    EXPECT_EQ(rows_of(other.machine), rows_of(orders));
  }
}

TEST_F(OrdersTest, AFrozenStateDoesNotChange) {
  for (size_t i = 0; i < Orders::kChunkOrders + 3; ++i) close(open("k" + std::to_string(i)));
  const IntentId a = open("a");
  const auto frozen = orders.freeze();
  const auto before = rows_of(*frozen);
  close(a);
  open("b");
  EXPECT_EQ(rows_of(*frozen), before);
  orders.reset();
  EXPECT_EQ(rows_of(*frozen), before);
  EXPECT_FALSE(frozen->write_rows([](std::string_view) { return false; }));
}

// For the thread sanitizer: a snapshot is written by another thread.
TEST_F(OrdersTest, AFrozenStateIsWrittenWhileTheOtherGoesOn) {
  for (int i = 0; i < 10; ++i) close(open("k" + std::to_string(i)));
  open("a");
  const auto frozen = orders.freeze();
  std::vector<std::string> rows;
  std::thread writer([&] { rows = rows_of(*frozen); });
  for (int i = 10; i < 100; ++i) close(open("k" + std::to_string(i)));
  writer.join();
  EXPECT_EQ(rows.size(), 12U);
}

TEST_F(OrdersTest, ARangeStaysWhatItIs) {
  for (int i = 1; i <= 2500; ++i) close(open("k" + std::to_string(i), "Tux", i));
  for (const uint64_t from : {0U, 1U, 1023U, 1024U, 1025U, 2047U, 2048U, 2499U}) {
    const OrderRange range = orders.range(from);
    EXPECT_EQ(range.begin(), from);
    EXPECT_EQ(range.end(), 2500U);
    for (uint64_t number = from; number < range.end(); ++number) {
      ASSERT_EQ(range.at(number), *orders.find(number)) << from;
    }
  }
  for (const uint64_t from : {uint64_t{2500}, uint64_t{2501}, uint64_t{1'000'000}}) {
    EXPECT_EQ(orders.range(from).begin(), orders.range(from).end());
  }
  const OrderRange range = orders.range(2000);
  orders.reset();
  EXPECT_EQ(range.at(2499), (Order{"Tux", 2500}));
}

TEST_F(OrdersTest, DamagedSnapshotsAreRefused) {
  for (const char* row :
       {"", "7", "{}", R"({"next_intent":"x"})", R"({"order":{"number":0,"name":"Tux"}})",
        R"({"order":{"number":2,"name":"Tux","quantity":1}})",
        R"({"order":{"number":0,"name":"Tux","quantity":1}})",
        R"({"open":{"intent":"1-1","key":"","name":"Tux","quantity":1}})",
        R"({"open":{"intent":"1-2","key":"a","name":"Tux","quantity":1}})",
        R"({"open":{"intent":"1-3","key":7,"name":"Tux","quantity":1}})"}) {
    orders.reset();
    ASSERT_TRUE(orders.restore_row(R"({"order":{"number":0,"name":"Tux","quantity":1}})"));
    ASSERT_TRUE(
        orders.restore_row(R"({"open":{"intent":"1-1","key":"a","name":"T","quantity":1}})"));
    const Status status = orders.restore_row(row);
    ASSERT_FALSE(status) << row;
    EXPECT_EQ(status.error().kind, ErrorKind::kCorrupt);
  }
  orders.reset();
  ASSERT_TRUE(orders.restore_row(R"({"next_intent":"1-1"})"));
  ASSERT_TRUE(orders.restore_row(R"({"open":{"intent":"1-1","key":"a","name":"T","quantity":1}})"));
  EXPECT_FALSE(orders.finish_restore()) << "a closed intent would be open";
}

}  // namespace
}  // namespace tandem::toys

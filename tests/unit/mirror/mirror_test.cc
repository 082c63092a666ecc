#include "mirror/mirror.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>

#include "base/number.h"
#include "fixture.h"

namespace tandem::mirror {
namespace {

using testing::HasSubstr;

class MirrorOnServer : public MirrorTest {
 protected:
  void SetUp() override { make_database("mirror"); }
  void begin() { replica_.begin(mirror_options()); }
  void expect_same_soon() {
    until_mirrored(replica_);
    expect_same(replica_);
  }
  // Which was told of so many orders and has ended; gives the place of the first.
  std::string mirror_and_end(size_t orders) {
    begin();
    buy(replica_, orders);
    expect_same_soon();
    const std::string first = first_row();
    replica_.end();
    return first;
  }
  // Without a mirror, as the process has ended.
  void buy_until_more(uint64_t count) {
    while (replica_.machine->count() == count) {
      const size_t before = replica_.entries.size();
      buy(replica_);
      for (size_t i = before; i < replica_.entries.size(); ++i) {
        replica_.machine->apply(replica_.entries[i]);
      }
      replica_.index = replica_.entries.size();
    }
  }
  // Whether the rows were deleted and written again: those that stay keep their place.
  std::string first_row() {
    return value("SELECT coalesce(min(ctid::text || xmin::text), '') FROM orders WHERE number = 0");
  }

  // As a database that was just made.
  void anew(const std::string& table) {
    person("DROP SCHEMA IF EXISTS tandem CASCADE");
    person("DROP TABLE IF EXISTS " + table);
  }
  static uint64_t seeds(uint64_t usual) {
    const char* more = getenv("TANDEM_SEEDS");
    return more == nullptr ? usual : parse_number<uint64_t>(more).value_or(usual);
  }

  OrdersReplica replica_{loop_};
};

TEST_F(MirrorOnServer, OrdersAreRowsThatPeopleSum) {
  begin();
  buy(replica_, 50);
  expect_same_soon();
  int64_t sum = 0;
  for (uint64_t i = 0; i < replica_.machine->count(); ++i)
    sum += replica_.machine->find(i)->quantity;
  EXPECT_EQ(value("SELECT sum(quantity)::text FROM orders"), std::to_string(sum));
  EXPECT_GT(sum, 50);
  wire::Json info;
  replica_.mirror->add_info(info);
  EXPECT_EQ(info.dump(),
            R"({"mirror":{"applied_index":)" + std::to_string(replica_.index) + R"(,"lag":0}})");
}

TEST_F(MirrorOnServer, ToysAreRowsWithThePriceThatPeopleAreTold) {
  CatalogReplica catalog(loop_);
  catalog.log(toys::Catalog::init_command({{"Tux", 1599, 100}, {"Fish \"n\" 'é'", 5, 0}}));
  catalog.begin(mirror_options("catalog"));
  until_mirrored(catalog);
  expect_same(catalog);
  EXPECT_EQ(value("SELECT sum(price)::text FROM catalog"), "16.04");
  const std::string place = value("SELECT ctid::text FROM catalog WHERE name = 'Tux'");
  catalog.log(toys::Catalog::price_command({"Fish \"n\" 'é'", 100'000'000'000}));
  catalog.apply_all();
  until_mirrored(catalog);
  expect_same(catalog);
  EXPECT_EQ(value("SELECT ctid::text FROM catalog WHERE name = 'Tux'"), place);
}

TEST_F(MirrorOnServer, AProcessThatBeginsGoesOnFromWhatIsThere) {
  const std::string first = mirror_and_end(30);
  for (int i = 0; i < 20; ++i) buy(replica_);
  begin();
  expect_same_soon();
  EXPECT_EQ(first_row(), first);
  // With less than the table has at first, and then more.
  const auto entries = replica_.entries;
  replica_.entries.resize(10);
  begin();
  replica_.entries = entries;
  until([&] { return replica_.mirror->applied_index() == entries.size(); });
  EXPECT_EQ(replica_.mirror->lag(), 0U);
  buy(replica_, 5);
  expect_same_soon();
  EXPECT_EQ(first_row(), first);
}

TEST_F(MirrorOnServer, MoreThanABatchIsOneTransaction) {
  batch_rows_ = 7;
  const std::string first = mirror_and_end(100);
  for (int i = 0; i < 100; ++i) buy(replica_);
  begin();
  expect_same_soon();
  EXPECT_EQ(first_row(), first);
  EXPECT_EQ(value("SELECT count(DISTINCT xmin::text)::text FROM orders WHERE number > (SELECT "
                  "max(number) - 60 FROM orders)"),
            "1");
}

TEST_F(MirrorOnServer, WhereTooMuchHasChangedTheTableIsMadeAnew) {
  most_changes_ = 10;
  begin();
  buy(replica_, 5);
  expect_same_soon();
  const std::string first = first_row();
  buy(replica_, 200);
  expect_same_soon();
  EXPECT_NE(first_row(), first);
}

// Its server forgot the last commits: the state tells what they were.
TEST_F(MirrorOnServer, PostgresThatWentBackIsBroughtForward) {
  creates_ = false;
  begin();
  buy(replica_, 20);
  expect_same_soon();
  person("DROP DATABASE IF EXISTS mirror_before");
  replica_.end();
  const auto maintenance = connected();
  connection_.reset();
  must(*maintenance, {"CREATE DATABASE mirror_before TEMPLATE mirror"});
  connection_ = connected(options(server_.conninfo("mirror")));
  begin();
  buy(replica_, 20);
  expect_same_soon();
  // The older one in the place of the newer one, while this process runs.
  connection_.reset();
  must(*maintenance,
       {"ALTER DATABASE mirror ALLOW_CONNECTIONS false",
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = "
        "'mirror'",
        "DROP DATABASE mirror", "ALTER DATABASE mirror_before RENAME TO mirror"});
  connection_ = connected(options(server_.conninfo("mirror")));
  const std::string first = first_row();
  buy(replica_, 3);
  expect_same_soon();
  EXPECT_EQ(first_row(), first);
}

TEST_F(MirrorOnServer, AnotherHistoryIsAnotherTable) {
  begin();
  buy(replica_, 40);
  expect_same_soon();
  // The log before the snapshot is gone, and what the table is as of with it.
  OrdersReplica other(loop_);
  other.epoch = 4;
  other.begin([&] {
    MirrorOptions unused = mirror_options();
    unused.session.connect.conninfo = *pg::parse_conninfo("host=/nowhere");
    return unused;
  }());
  buy(other, 90);
  other.take_snapshot();
  for (int i = 0; i < 5; ++i) buy(other);
  other.apply_all();
  replica_.install(other, [&] { expect_same_soon(); });
  expect_same_soon();
  // Another disk of the same replica, with entries of its own that look the same.
  OrdersReplica third(loop_);
  third.member.storage_id = 78;
  while (third.entries.size() < replica_.entries.size()) buy(third);
  for (size_t i = 0; i < third.entries.size(); ++i) {
    third.entries[i].epoch = i < replica_.entries.size() ? replica_.entries[i].epoch : 4;
  }
  replica_.end();
  third.begin(mirror_options());
  until_mirrored(third);
  expect_same(third);
  EXPECT_EQ(value("SELECT storage FROM tandem.meta"), "000000000000004e");
}

// Where the end of the log was lost and others' entries have its place.
TEST_F(MirrorOnServer, EntriesOfAnotherEpochInThePlaceOfThoseOfTheTable) {
  begin();
  buy(replica_, 20);
  expect_same_soon();
  replica_.end();
  replica_.entries.resize(replica_.entries.size() - 6);
  replica_.epoch = 4;
  for (int i = 0; i < 20; ++i) buy(replica_);
  begin();
  expect_same_soon();
}

TEST_F(MirrorOnServer, WhatAPersonHasChangedIsMendedWithTheNextSession) {
  begin();
  buy(replica_, 20);
  for (const char* change :
       {"DELETE FROM orders WHERE number = 3", "UPDATE orders SET quantity = quantity + 1",
        "UPDATE orders SET name = name || '!' WHERE number = 0",
        "INSERT INTO orders VALUES (1000000, 'x', 1)", "DROP TABLE orders",
        "ALTER TABLE orders ADD COLUMN note text", "CREATE INDEX ON orders (name)",
        "UPDATE tandem.meta SET applied = 5", "DROP SCHEMA tandem CASCADE; DROP TABLE orders",
        "CREATE VIEW sums AS SELECT name, sum(quantity) FROM orders GROUP BY name"}) {
    expect_same_soon();
    for (std::string_view rest = change; !rest.empty();) {
      const size_t end = std::min(rest.find(';'), rest.size());
      person(std::string(rest.substr(0, end)));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    begin();
    buy(replica_, 2);
    expect_same_soon();
    ASSERT_FALSE(HasFailure()) << change;
  }
  EXPECT_EQ(value("SELECT sum(sum)::text FROM sums"),
            value("SELECT sum(quantity)::text FROM orders"));
}

TEST_F(MirrorOnServer, ATableThatIsNotAsItWasMadeIsLetBeAndNamed) {
  begin();
  buy(replica_, 20);
  expect_same_soon();
  person("ALTER TABLE orders ALTER quantity TYPE integer");
  begin();
  until([&] { return replica_.mirror->trouble().find("drop it") != std::string::npos; });
  EXPECT_EQ(replica_.mirror->trouble(),
            "the table 'orders' in PostgreSQL is not as it was made: the column 'quantity' is "
            "integer, not bigint; drop it, and it is made anew");
  EXPECT_FALSE(replica_.refused);
  buy(replica_, 5);  // it goes on
  person("DROP TABLE orders");
  expect_same_soon();
  // What it cannot put up with: its own rows are refused.
  person("ALTER TABLE orders ADD COLUMN note text NOT NULL DEFAULT 'x'");
  person("ALTER TABLE orders ALTER note DROP DEFAULT");
  buy(replica_, 5);
  until([&] { return replica_.mirror->trouble().find("\"note\"") != std::string::npos; });
  person("ALTER TABLE orders DROP COLUMN note");
  expect_same_soon();
}

TEST_F(MirrorOnServer, ATableOfSomebodyElseIsNotTouched) {
  person("CREATE TABLE orders (number bigint, name text COLLATE \"C\", quantity bigint)");
  person("INSERT INTO orders VALUES (1, 'mine', 1)");
  begin();
  until([&] { return replica_.refused.has_value(); });
  EXPECT_EQ(replica_.refused->kind, ErrorKind::kConfig);
  EXPECT_THAT(replica_.refused->message, HasSubstr("is not tandem's"));
  EXPECT_EQ(value("SELECT name FROM orders"), "mine");
}

TEST_F(MirrorOnServer, TheDatabaseOfAnotherReplicaIsRefusedByName) {
  begin();
  buy(replica_, 20);
  expect_same_soon();
  const std::string writer = value("SELECT writer::text FROM tandem.meta");
  OrdersReplica second(loop_);
  second.member.id = 2;
  second.begin(mirror_options());
  until([&] { return second.refused.has_value(); });
  EXPECT_THAT(second.refused->message, HasSubstr("that of replica 1 of the group 'orders', not of "
                                                 "replica 2 of the group 'orders'"));
  CatalogReplica catalog(loop_);
  catalog.begin(mirror_options("catalog"));
  until([&] { return catalog.refused.has_value(); });
  EXPECT_THAT(catalog.refused->message, HasSubstr("of the group 'catalog'"));
  // Whose it is goes on in its session.
  EXPECT_EQ(value("SELECT writer::text FROM tandem.meta"), writer);
  buy(replica_, 5);
  expect_same_soon();
}

TEST_F(MirrorOnServer, TheDatabaseIsMadeWhereTheRoleMay) {
  person("DROP ROLE IF EXISTS poor");
  person("CREATE ROLE poor LOGIN");
  const auto maintenance = connected();
  must(*maintenance, {"DROP DATABASE IF EXISTS not_there"});
  MirrorOptions wanted = mirror_options();
  wanted.session.connect = options("host=" + server_.directory() + " user=poor dbname=not_there");
  replica_.begin(wanted);
  until([&] { return replica_.refused.has_value(); });
  EXPECT_EQ(replica_.refused->kind, ErrorKind::kConfig);
  EXPECT_THAT(replica_.refused->message, HasSubstr("CREATE DATABASE \"not_there\""));
  replica_.end();
  database_ = "not_there";
  begin();
  until_mirrored(replica_);
  replica_.end();
  must(*maintenance, {"DROP DATABASE not_there WITH (FORCE)"});
}

// It serves by then: what cannot be used is a trouble, and ends nobody.
TEST_F(MirrorOnServer, WhatIsRefusedLaterEndsNobody) {
  creates_ = false;
  begin();
  buy(replica_, 20);
  expect_same_soon();
  const auto maintenance = connected();
  connection_.reset();
  const std::string end =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'mirror%'";
  must(*maintenance, {"DROP DATABASE IF EXISTS mirror_away"});
  must(*maintenance, {"ALTER DATABASE mirror ALLOW_CONNECTIONS false", end});
  until([&] { return replica_.mirror->trouble().find("not currently") != std::string::npos; });
  EXPECT_FALSE(replica_.refused);
  buy(replica_, 20);
  EXPECT_GT(replica_.mirror->lag(), 0U);
  must(*maintenance, {"ALTER DATABASE mirror ALLOW_CONNECTIONS true"});
  connection_ = connected(options(server_.conninfo("mirror")));
  expect_same_soon();
}

// So is one that is not there when the process begins.
TEST_F(MirrorOnServer, APostgresThatIsNotThereIsWaitedFor) {
  connection_.reset();
  server_.stop(SIGINT);
  begin();
  until([&] { return replica_.mirror->trouble().find("cannot connect") != std::string::npos; });
  buy(replica_, 20);
  EXPECT_EQ(replica_.mirror->lag(), replica_.index);
  server_.start();
  connection_ = connected(options(server_.conninfo("mirror")));
  expect_same_soon();
}

// A session that is lost may still be at work, and commit: the next one waits for that, and sees it.
TEST_F(MirrorOnServer, ALateCommitOfALostSessionIsSeen) {
  begin();
  buy(replica_, 20);
  expect_same_soon();
  pg::Batch read;
  tables::add_read(read);
  const auto old = connected(options(server_.conninfo("mirror")));
  tables::Meta meta = *tables::meta_of(run(*old, std::move(read))->front());
  replica_.end();
  const uint64_t count = replica_.machine->count();
  replica_.epoch = 3;
  buy_until_more(count);
  // What the lost session was about: the first order that the table lacks, as of its entry.
  const toys::Order& order = *replica_.machine->find(count);
  const Total total = [&] {
    Total next{meta.facts[0].rows, meta.facts[0].counter};
    next.add(weight_of({static_cast<int64_t>(count), order.name, order.quantity}));
    return next;
  }();
  pg::Batch opens(pg::Place::kOpens);
  tables::add_fence(opens, meta);
  meta.applied.index = replica_.index;
  meta.facts[0].rows = total.rows;
  meta.facts[0].counter = total.sum;
  opens.add_once("INSERT INTO orders VALUES ($1, $2, $3)",
                 std::move(pg::Parameters()
                               .int64(static_cast<int64_t>(count))
                               .text(order.name)
                               .int64(order.quantity)));
  tables::add_update(opens, meta, false);
  ASSERT_TRUE(run(*old, std::move(opens)));
  const std::string first = first_row();
  begin();
  const auto waits = [&] {
    return number(*connection_,
                  "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = "
                  "'Lock' AND application_name = 'orders'") == 1;
  };
  until([&] { return waits(); });
  EXPECT_FALSE(replica_.is_mirrored());
  ASSERT_TRUE(run(*old, std::move(pg::Batch(pg::Place::kCloses).add_once("SELECT 1"))));
  expect_same_soon();
  EXPECT_EQ(first_row(), first);
  EXPECT_EQ(value("SELECT count(*)::text FROM orders"), std::to_string(count + 1));
  // The planted one: it goes on without a look whether it may.
  pg::Batch late(pg::Place::kWhole);
  tables::add_fence(late, meta);
  late.add_once("DELETE FROM orders");
  EXPECT_FALSE(run(*old, std::move(late)));
  expect_same(replica_);
}

TEST_F(MirrorOnServer, FencesOffWhoWasThereBefore) {
  begin();
  buy(replica_, 20);
  expect_same_soon();
  const auto old = connected(options(server_.conninfo("mirror")));
  pg::Batch read;
  tables::add_read(read);
  const auto meta = tables::meta_of(run(*old, std::move(read))->front());
  ASSERT_TRUE(meta);
  begin();
  until_mirrored(replica_);
  pg::Batch late(pg::Place::kWhole);
  tables::add_fence(late, *meta);
  late.add("DELETE FROM orders");
  const pg::Outcome refused = run(*old, std::move(late));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().sqlstate, tables::kFenced);
  expect_same(replica_);
  // Somebody else takes it over: it is told, and taken back.
  person("UPDATE tandem.meta SET writer = writer + 1");
  buy(replica_, 5);
  until([&] { return replica_.mirror->trouble().find("another process") != std::string::npos; });
  expect_same_soon();
}

TEST_F(MirrorOnServer, ALockOfAPersonIsNamedAndHoldsUpNobody) {
  begin();
  buy(replica_, 20);
  expect_same_soon();
  ASSERT_TRUE(run(
      *connection_,
      std::move(
          pg::Batch(pg::Place::kOpens).add_once("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE"))));
  buy(replica_, 20);
  const std::string pid = "pid " + std::to_string(connection_->backend_pid());
  until([&] { return replica_.mirror->trouble().find(pid) != std::string::npos; });
  EXPECT_THAT(replica_.mirror->trouble(), HasSubstr("it waits for a lock of " + pid + " (pg_test"));
  EXPECT_GT(replica_.mirror->lag(), 0U);
  buy(replica_, 20);
  ASSERT_TRUE(run(*connection_, std::move(pg::Batch(pg::Place::kCloses).add_once("SELECT 1"))));
  expect_same_soon();
}

TEST_F(MirrorOnServer, PostgresIsKilledInTheMiddle) {
  batch_rows_ = 3;
  begin();
  for (int round = 0; round < 3; ++round) {
    buy(replica_, 100);
    for (uint64_t turns = random_() % 20; turns > 0; --turns) loop_.run_once();
    connection_.reset();
    server_.stop(SIGQUIT);
    buy(replica_, 20);
    server_.start();
    connection_ = connected(options(server_.conninfo("mirror")));
    expect_same_soon();
    ASSERT_FALSE(HasFailure()) << round;
  }
}

// Between any two bytes, each way, with processes that begin anew, snapshots and other histories:
// whatever becomes of it, the rows are those of the state.
TEST_F(MirrorOnServer, RandomHistoriesWithCuts) {
  const std::string directory = server_.make_directory("cuts");
  pg::FaultProxy proxy(loop_, directory, server_.directory());
  host_ = directory;
  uint64_t cuts = 0;
  for (uint64_t seed = 1; seed <= seeds(40); ++seed) {
    random_.seed(seed);
    batch_rows_ = 1 + random_() % 40;
    most_changes_ = random_() % 3 == 0 ? 50 : 100'000;
    anew("orders");
    OrdersReplica orders(loop_);
    std::map<std::string, std::string> counts;  // by position
    orders.on_applied = [&](const wire::Entry& entry) {
      counts[std::to_string(entry.epoch) + "-" + std::to_string(entry.index)] =
          std::to_string(orders.machine->count());
    };
    const auto plan = [&] {
      proxy.plan(pg::Fault::kCut, random_() % 2 == 0, 500 + random_() % 20'000);
    };
    plan();
    orders.begin(mirror_options());
    for (int round = 0; round < 12; ++round) {
      for (uint64_t i = random_() % 60; i > 0; --i) buy(orders, 1);
      switch (random_() % 7) {
        case 0:
          orders.begin(mirror_options());
          break;
        case 1:
          if (orders.index > 0) orders.take_snapshot();
          break;
        case 2:
          if (orders.index > 0) {
            orders.take_snapshot();
            orders.begin(mirror_options());
          }
          break;
        case 3: {  // the end of the log is given up
          orders.end();
          const size_t kept = std::max<size_t>(orders.snapshot.index, orders.entries.size() / 2);
          orders.entries.resize(kept);
          ++orders.epoch;
          orders.begin(mirror_options());
          break;
        }
        case 4:  // while a transaction is under way
          for (uint64_t turns = random_() % 30; turns > 0; --turns) {
            buy(orders, 1);
            loop::Timer wakes(loop_, [] {});
            wakes.start(1);
            loop_.run_once();
          }
          break;
        default:
          until([&] { return proxy.has_happened() || orders.is_mirrored(); });
      }
      if (proxy.has_happened()) ++cuts, plan();
      if (orders.mirror->applied_index() == 0) continue;
      // At any time: one snapshot of the database.
      const std::string there = value(
          "SELECT epoch || '-' || applied || ' ' || (SELECT count(*) FROM orders) FROM "
          "tandem.meta");
      if (there.starts_with("0-0 ")) continue;
      EXPECT_EQ(there.substr(there.find(' ') + 1), counts[there.substr(0, there.find(' '))])
          << there;
    }
    proxy.plan(pg::Fault::kNone, true, 0);
    proxy.cut();
    buy(orders, 1);
    until_mirrored(orders);
    expect_same(orders);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
  EXPECT_GT(cuts, 30U);
}

TEST_F(MirrorOnServer, RandomTradesWithCuts) {
  const std::string directory = server_.make_directory("trades");
  pg::FaultProxy proxy(loop_, directory, server_.directory());
  host_ = directory;
  uint64_t cuts = 0;
  for (uint64_t seed = 1; seed <= seeds(20); ++seed) {
    random_.seed(seed);
    batch_rows_ = 1 + random_() % 10;
    anew("catalog");
    CatalogReplica catalog(loop_);
    catalog.log(toys::Catalog::init_command({{"toy 1", 1599, 100}}));
    proxy.plan(pg::Fault::kCut, random_() % 2 == 0, 500 + random_() % 20'000);
    catalog.begin(mirror_options("catalog"));
    for (int round = 0; round < 60; ++round) {
      for (uint64_t i = random_() % 10; i > 0; --i) trade(catalog);
      catalog.apply_all();
      if (random_() % 20 == 0) catalog.begin(mirror_options("catalog"));
      for (uint64_t turns = random_() % 20; turns > 0; --turns) {
        trade(catalog);
        catalog.apply_all();
        loop::Timer wakes(loop_, [] {});
        wakes.start(1);
        loop_.run_once();
      }
      until([&] { return proxy.has_happened() || catalog.is_mirrored(); });
      if (proxy.has_happened()) {
        proxy.plan(pg::Fault::kCut, random_() % 2 == 0, 500 + random_() % 20'000);
        ++cuts;
      }
    }
    proxy.plan(pg::Fault::kNone, true, 0);
    proxy.cut();
    until_mirrored(catalog);
    expect_same(catalog);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
  EXPECT_GT(cuts, 30U);
}

}  // namespace
}  // namespace tandem::mirror

// Any state that commands can reach, sensible or hostile, is written, read back, and goes on as if
// nothing had been: past the doors, as entries of a log that an earlier version let in.
#include "support/read_back.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "db/database.h"
#include "storage/snapshot.h"
#include "toys/catalog.h"
#include "toys/orders.h"

namespace tandem {
namespace {

using support::Replicated;

class Dice {
 public:
  explicit Dice(uint32_t seed) : engine_(seed) {}
  size_t below(size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(engine_);
  }
  template <size_t N>
  std::string one_of(const char* const (&all)[N]) {
    return all[below(N)];
  }
  std::string bytes(size_t most) {
    std::string out;
    for (size_t n = below(most + 1); n > 0; --n) out += static_cast<char>(below(256));
    return out;
  }

 private:
  std::mt19937 engine_;
};

// As it stands in JSON, without the quotes: what is no UTF-8 makes the command none at all.
std::string text_of(Dice& dice) {
  static constexpr const char* kTexts[] = {"ann",
                                           "bob",
                                           "Tux",
                                           "",
                                           "\\u0000",
                                           "a\\u0000b",
                                           "\\ud800",
                                           "\\udc00\\ud800",
                                           "\xff\xfe",
                                           "\xed\xb0\x80",
                                           "\xf4\x8f\xbf\xbf",
                                           "\\udbff\\udfff",
                                           "\\\"\\\\",
                                           "\\n\\u001f\x7f",
                                           "\xc2\x85",
                                           "\xe2\x80\xa8",
                                           "\xef\xbf\xbf",
                                           "key_hex"};
  return dice.below(8) == 0 ? dice.bytes(6) : dice.one_of(kTexts);
}

std::string number_of(Dice& dice) {
  static constexpr const char* kNumbers[] = {"0",
                                             "1",
                                             "2",
                                             "7",
                                             "-1",
                                             "100",
                                             "1000000000",
                                             "9007199254740993",
                                             "9223372036854775807",
                                             "-9223372036854775808",
                                             "9223372036854775808",
                                             "1.5",
                                             "1e400",
                                             "null"};
  return dice.one_of(kNumbers);
}

std::string key_of(Dice& dice) {
  static constexpr const char* kKeys[] = {"",
                                          "k",
                                          "k\xff\xfe",
                                          "\xed\xa0\x80",
                                          "a\nb",
                                          "\"}}\n",
                                          "t-9223372036854775807-0000000000000001",
                                          "t-1700000000000-0000000000000002",
                                          "t-0-0000000000000003",
                                          "\xf4\x8f\xbf\xbf\xff"};
  if (dice.below(4) == 0) return dice.bytes(200);
  return dice.one_of(kKeys);
}

std::string database_command(Dice& dice) {
  const auto text = [&] { return '"' + text_of(dice) + '"'; };
  const auto number = [&] { return number_of(dice); };
  switch (dice.below(9)) {
    case 0:
      return R"({"schema":{"users":{"key":"username","columns":[{"name":"username","type":"text"},)"
             R"({"name":"tags","type":"list of text","null":true}]},"rides":{"key":"id",)"
             R"("auto_increment":true,"columns":[{"name":"id","type":"integer"},{"name":"by",)"
             R"("type":"text","references":"users","on_delete":"cascade"},{"name":"at","type":)"
             R"("timestamp","null":true}],"indexes":[["by","at"]]}}})";
    case 1:  // a column of any name, where it can be added
      return R"({"schema":{"users":{"key":"username","columns":[{"name":"username","type":"text"},)"
             R"({"name":"tags","type":"list of text","null":true},{"name":)" +
             text() + R"(,"type":"text","default":)" + text() +
             R"(}]},"rides":{"key":"id","auto_increment":true,"columns":[{"name":"id","type":)"
             R"("integer"},{"name":"by","type":"text","references":"users","on_delete":"cascade"},)"
             R"({"name":"at","type":"timestamp","null":true}],"indexes":[["by","at"]]},)" +
             text() + R"(:{"key":"k","columns":[{"name":"k","type":"boolean"}]}}})";
    case 2:
    case 3:
      return R"({"table":"users","op":"upsert","row":{"username":)" + text() + R"(,"tags":[)" +
             text() + "," + text() + "]}}";
    case 4:
      return R"({"table":"rides","op":"upsert","row":{"id":)" + number() + R"(,"by":)" + text() +
             R"(,"at":)" + number() + "}}";
    case 5:
      return R"({"ops":[{"table":"rides","op":"insert","row":{"by":)" + text() + R"(,"at":)" +
             number() + "}}]}";
    case 6:
      return R"({"table":"users","op":"update","where":{"username":)" + text() +
             R"(},"set":{"tags":[)" + text() + "]}}";
    case 7:
      return R"({"if":[{"table":"users","where":{},"count":)" + number() +
             R"(}],"ops":[{"table":"users","op":"delete","where":{"username":)" + text() + "}}]}";
    default:
      return dice.below(4) == 0 ? R"({"clear":true})" : dice.bytes(20);
  }
}

std::string intent_of(Dice& dice) {
  return std::to_string(1 + dice.below(3)) + "-" + std::to_string(1 + dice.below(40));
}

std::string orders_command(Dice& dice) {
  static constexpr const char* kStatus[] = {"200", "400", "404", "410", "0", "70000", "\"200\""};
  switch (dice.below(5)) {
    case 0:
    case 1:
      return R"({"intent":{"name":")" + text_of(dice) + R"(","quantity":)" + number_of(dice) + "}}";
    case 2:
    case 3:
      return R"({"result":{"intent":")" + intent_of(dice) + R"(","status":)" +
             dice.one_of(kStatus) + "}}";
    default:
      return dice.bytes(20);
  }
}

std::string catalog_command(Dice& dice) {
  const auto toy = [&](const std::string& figures) {
    return R"({"name":")" + text_of(dice) + "\"" + figures + "}";
  };
  switch (dice.below(8)) {
    case 0:
      return R"({"init":[)" + toy(R"(,"price_cents":1599,"quantity":100)") + "]}";
    case 1:
    case 2:
      return R"({"take":)" +
             toy(R"(,"orders":"000000000000000)" + std::to_string(dice.below(3)) +
                 R"(","intent":")" + intent_of(dice) + R"(","closed_below":")" + intent_of(dice) +
                 R"(","quantity":)" + number_of(dice)) +
             "}";
    case 3:
      return R"({"restock":)" + toy(R"(,"quantity":)" + number_of(dice)) + "}";
    case 4:
      return R"({"restock_empty":{"to":)" + number_of(dice) + "}}";
    case 5:
      return R"({"price":)" + toy(R"(,"price_cents":)" + number_of(dice)) + "}";
    case 6:
      return R"({"add":)" +
             toy(R"(,"price_cents":)" + number_of(dice) + R"(,"quantity":)" + number_of(dice)) +
             "}";
    default:
      return dice.bytes(20);
  }
}

// Half of the commands before the snapshot, half after it, with and without it.
template <typename Machine>
void run(uint32_t seed, std::string (*command_of)(Dice&)) {
  SCOPED_TRACE(seed);
  constexpr int kCommands = 120;
  Dice dice(seed);
  Replicated<Machine> state;
  Replicated<Machine> other;
  wire::Entry entry;
  entry.epoch = 1;
  entry.time_ms = 1'700'000'000'000;
  for (int i = 0; i < kCommands; ++i) {
    ++entry.index;
    entry.epoch += dice.below(40) == 0 ? 1 : 0;
    static constexpr int64_t kSteps[] = {0, 1, 1000, 200'000, 86'400'000};
    entry.time_ms += kSteps[dice.below(5)];
    entry.request_id = key_of(dice);
    entry.payload = command_of(dice);
    const repl::Applied answer = state.apply(entry);
    ASSERT_TRUE(wire::is_utf8(answer.body)) << entry.payload;
    if (i < kCommands / 2) continue;
    if (i == kCommands / 2) {
      state.read_back_into(other);
      continue;
    }
    const repl::Applied again = other.apply(entry);
    ASSERT_EQ(again.status, answer.status) << entry.payload;
    ASSERT_EQ(again.body, answer.body) << entry.payload;
  }
  ASSERT_EQ(support::rows_of(other.state()), support::rows_of(state.state()));
}

TEST(ReadBack, EveryStateOfTheDatabase) {
  for (uint32_t seed = 1; seed <= 300; ++seed) run<db::Database>(seed, database_command);
}

TEST(ReadBack, EveryStateOfTheOrders) {
  for (uint32_t seed = 1; seed <= 300; ++seed) run<toys::Orders>(seed, orders_command);
}

TEST(ReadBack, EveryStateOfTheCatalog) {
  for (uint32_t seed = 1; seed <= 300; ++seed) run<toys::Catalog>(seed, catalog_command);
}

// Written by commit 8364570: keys that are no UTF-8, one that is born in the far future, a ride
// with the highest number of all and a time that no calendar has, a name of 3004 bytes with U+0000.
TEST(ReadBack, ASnapshotThatTheVersionBeforeCouldNotReadAgain) {
  const auto reader =
      storage::SnapshotReader::open(std::string(TANDEM_FIXTURES) + "/rides-db-hostile-keys.ndjson");
  ASSERT_TRUE(reader) << reader.error().message;
  db::Database database;
  repl::ExactlyOnce once(database);
  const auto checker = once.row_checker();
  std::string row;
  for (uint64_t i = 0; i < (*reader)->rows(); ++i) {
    ASSERT_TRUE((*reader)->next_row(row));
    const Status checked = checker->check(row);
    ASSERT_TRUE(checked) << checked.error().message;
    const Status restored = once.restore_row(row);
    ASSERT_TRUE(restored) << restored.error().message;
  }
  ASSERT_TRUE(once.finish_restore());
  EXPECT_EQ(*database.query(R"({"reads":[{"table":"users","count":true},{"table":"rides",)"
                            R"("count":true}]})"),
            "[[3],[1]]");
  // The keys are what they were: the first answer comes again.
  wire::Entry entry;
  entry.index = 7;
  entry.time_ms = (*reader)->header().time_ms;
  entry.request_id = "k\xff\xfe";
  entry.payload =
      R"({"ops":[{"table":"users","op":"upsert","row":{"username":"ann","password":"p"}}]})";
  EXPECT_EQ(once.apply(entry).body, R"({"index":3,"results":[{"affected":1,"key":"ann"}]})");

  const std::vector<std::string> rows = support::rows_of(once);
  db::Database again;
  repl::ExactlyOnce once_again(again);
  support::restore(once_again, rows);
  EXPECT_EQ(support::rows_of(once_again), rows);
}

}  // namespace
}  // namespace tandem

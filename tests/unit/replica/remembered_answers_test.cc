// What the exactly-once memory keeps of a database's answers.
#include <gtest/gtest.h>

#include <string>

#include "db/database.h"
#include "repl/exactly_once.h"

namespace tandem {
namespace {

constexpr const char* kSchema =
    R"({"schema":{"users":{"key":"name","columns":[{"name":"name","type":"text"},)"
    R"({"name":"note","type":"text","default":""}]}}})";

// What is remembered of keyed writes is the size of their keys, not of what they write.
TEST(RememberedAnswers, DoNotHoldWhatWasWritten) {
  db::Database database;
  wire::Entry schema;
  schema.index = 1;
  schema.payload = kSchema;
  ASSERT_EQ(database.apply(schema).status, 200);
  uint64_t index = 1;
  repl::ExactlyOnce remembers(database);
  const std::string megabyte(1'000'000, 'x');
  const std::string name(2000, 'n');
  wire::Entry entry;
  entry.time_ms = 1;
  for (int i = 0; i < 30; ++i) {
    entry.index = ++index;
    entry.request_id = "key-" + std::to_string(i);
    entry.payload = R"({"table":"users","op":"upsert","row":{"name":")" +
                    (i % 2 == 0 ? name : "a") + R"(","note":")" + megabyte + R"("}})";
    ASSERT_TRUE(remembers.admit(entry.payload, entry.request_id));
    EXPECT_EQ(remembers.apply(entry).status, 200);
  }
  EXPECT_LT(remembers.bytes(), 30U * 1500U);
  // Nor is what a refusal was about.
  entry.index = ++index;
  entry.request_id = "refused";
  entry.payload =
      R"({"if":[{"table":"users","where":{"note":"y)" + megabyte +
      R"("},"exists":true}],"ops":[{"table":"users","op":"delete","where":{"name":"a"}}]})";
  const size_t before = remembers.bytes();
  EXPECT_EQ(remembers.apply(entry).status, 409);
  EXPECT_LT(remembers.bytes() - before, 1000U);
}

// Whoever asks again after a clear must neither do it twice nor hear of an empty table.
TEST(RememberedAnswers, OutliveAClear) {
  db::Database database;
  wire::Entry entry;
  entry.index = 1;
  entry.payload = kSchema;
  ASSERT_EQ(database.apply(entry).status, 200);
  repl::ExactlyOnce remembers(database);
  entry.time_ms = 1;
  std::string ops;
  for (int i = 0; i < 400; ++i) {
    ops += (i > 0 ? R"(,{"table":"users","op":"insert","row":{"name":")"
                  : R"({"table":"users","op":"insert","row":{"name":")") +
           std::to_string(1000 + i) + std::string(1990, 'n') + "\"}}";
  }
  entry.index = 2;
  entry.request_id = "big";
  entry.payload = R"({"ops":[)" + ops + "]}";
  const wire::Entry big = entry;
  const repl::Applied first = remembers.apply(big);
  ASSERT_EQ(first.status, 200);
  ASSERT_GT(first.body.size(), 700'000U);
  entry.index = 3;
  entry.request_id = "clear";
  entry.payload = R"({"clear":true})";
  const wire::Entry clear = entry;
  const repl::Applied cleared = remembers.apply(clear);
  ASSERT_EQ(cleared.status, 200);

  entry = big;
  entry.index = 4;
  EXPECT_EQ(remembers.apply(entry).body, first.body);
  EXPECT_EQ(database.query(R"({"table":"users","count":true})").value(), "[0]");
  entry.index = 5;
  entry.request_id = "later";
  entry.payload = R"({"table":"users","op":"insert","row":{"name":"a"}})";
  ASSERT_EQ(remembers.apply(entry).status, 200);
  entry = clear;
  entry.index = 6;
  EXPECT_EQ(remembers.apply(entry).body, cleared.body);
  EXPECT_EQ(database.query(R"({"table":"users","count":true})").value(), "[1]");
}

}  // namespace
}  // namespace tandem

// What a write may take of memory while it is carried out: what is estimated, and what is refused,
// with the tables here and elsewhere.
#include <gtest/gtest.h>

#include "db/admission.h"
#include "db/fixture.h"
#include "db/partial_database.h"
#include "db/write_cost.h"

namespace tandem::db {
namespace {

constexpr std::string_view kSchema = R"({
  "notes":{"key":"id","columns":[{"name":"id","type":"integer"},{"name":"tag","type":"text"},
     {"name":"state","type":"text"},{"name":"text","type":"text"}],"indexes":[["tag"]]},
  "marks":{"key":"id","auto_increment":true,"columns":[{"name":"id","type":"integer"},
     {"name":"note","type":"integer","references":"notes","on_delete":"cascade"}]}})";

constexpr int kNotes = 200;
constexpr size_t kTextBytes = 20'000;

Limits limits_of(size_t memory_bytes) {
  Limits limits;
  limits.write_memory_bytes = memory_bytes;
  return limits;
}

// 200 notes of 20 KB, which are 4 MB; each has a mark, and the first has 1000.
class WriteMemoryTest : public DatabaseTest {
 protected:
  WriteMemoryTest() : DatabaseTest(kSchema) {
    const std::string text(kTextBytes, 'x');
    for (int i = 0; i < kNotes; ++i) {
      results(R"({"table":"notes","op":"insert","row":{"id":)" + std::to_string(i) +
              R"(,"tag":"t)" + std::to_string(i % 2) + R"(","state":"new","text":")" + text +
              R"("}})");
      mark(i);
    }
  }
  void mark(int note) {
    results(R"({"table":"marks","op":"insert","row":{"note":)" + std::to_string(note) + "}}");
  }

  // What is known of them where they are elsewhere.
  void make_partial() {
    std::vector<TableFacts> facts;
    for (const Table& table : database_.tables()) {
      facts.push_back(
          {table.row_count(), table.counter(), table.longest_texts(), table.text_bytes()});
    }
    partial_.reset(std::make_shared<const Schema>(database_.schema()), facts);
  }
  Status admitted(std::string_view text, size_t memory_bytes, const std::vector<Table>& tables) {
    const auto command = parse_command(json_of(text), database_.schema());
    EXPECT_TRUE(command) << command.error().message;
    return admit_command(*command, database_.schema(), tables, limits_of(memory_bytes));
  }
  // The least memory, in steps of 64 KiB, with which both back ends let it in: the one in memory and
  // the one elsewhere.
  std::pair<size_t, size_t> memory(std::string_view text) {
    make_partial();
    const auto least = [&](const std::vector<Table>& tables) {
      constexpr size_t kStep = 64u << 10;
      size_t bytes = 0;
      while (!admitted(text, bytes, tables)) bytes += kStep;
      return bytes;
    };
    return {least(database_.tables()), least(partial_.tables())};
  }

  PartialDatabase partial_{Limits{}};
};

constexpr std::string_view kUpdateAll =
    R"({"table":"notes","op":"update","where":{},"set":{"state":"old"}})";
constexpr size_t kAllTexts = kNotes * kTextBytes;

TEST_F(WriteMemoryTest, TheTextsOfATableAreCounted) {
  const Table& notes = database_.tables()[0];
  EXPECT_EQ(notes.text_bytes(3), kAllTexts);
  EXPECT_EQ(notes.text_bytes(2), kNotes * 3u);
  results(R"({"table":"notes","op":"update","where":{"id":7},"set":{"text":"short"}})");
  EXPECT_EQ(notes.text_bytes(3), kAllTexts - kTextBytes + 5);
  results(R"({"table":"notes","op":"upsert","row":{"id":7,"tag":"","state":"","text":"abc"}})");
  EXPECT_EQ(notes.text_bytes(3), kAllTexts - kTextBytes + 3);
  // A change that is refused leaves them as they were.
  refusal(R"({"ops":[{"table":"notes","op":"delete","where":{"id":8}},
      {"table":"notes","op":"insert","row":{"id":7,"tag":"","state":"","text":""}}]})",
          409);
  EXPECT_EQ(notes.text_bytes(3), kAllTexts - kTextBytes + 3);
  results(R"({"table":"notes","op":"delete","where":{"id":7}})");
  EXPECT_EQ(notes.text_bytes(3), kAllTexts - kTextBytes);
  Database copy;
  restore(copy, snapshot_of(database_));
  EXPECT_EQ(copy.tables()[0].text_bytes(), notes.text_bytes());
  results(R"({"clear":true})");
  EXPECT_EQ(database_.tables()[0].text_bytes(3), 0u);
}

// In memory an update copies rows as a whole.
TEST_F(WriteMemoryTest, AnUpdateOfManyLongRowsIsRefusedByName) {
  make_partial();
  for (const auto* tables : {&database_.tables(), &partial_.tables()}) {
    EXPECT_TRUE(admitted(kUpdateAll, 5u << 20, *tables));
    const Status refused = admitted(kUpdateAll, 3u << 20, *tables);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kTooLarge);
    EXPECT_EQ(refused.error().message,
              "operation 0: table 'notes': it takes about 4 MiB of memory, and the write may take "
              "3 MiB (limits.write_memory): change or compare fewer rows at a time");
  }
}

// Versions that come after each other in one write are all there until it is done.
TEST_F(WriteMemoryTest, WhatIsChangedManyTimesIsThereAsOften) {
  std::string updates;
  for (int i = 0; i < 100; ++i) {
    updates += std::string(i == 0 ? "" : ",") +
               R"({"table":"notes","op":"update","where":{"id":7},"set":{"state":"s"}})";
  }
  const auto [here, elsewhere] = memory("{\"ops\":[" + updates + "]}");
  EXPECT_GT(here, 100 * kTextBytes);
  EXPECT_GT(elsewhere, 100 * kTextBytes);
  EXPECT_LT(here, 110 * kTextBytes);
}

// What is deleted or only compared goes without its long texts; all of a table goes without its rows.
TEST_F(WriteMemoryTest, WhatDoesNotNeedLongTextsIsNotRefusedForThem) {
  for (
      const std::string_view text :
      {R"({"table":"notes","op":"delete","where":{"tag":"t1"}})",
       R"({"table":"notes","op":"delete","where":{"state":{"ne":"old"}}})",
       R"({"table":"notes","op":"delete","where":{"id":{"lt":150}}})",
       R"({"if":[{"table":"notes","where":{"state":"new"},"count":200}],"ops":[{"table":"notes","op":"delete","where":{"id":-1}}]})"}) {
    const auto [here, elsewhere] = memory(text);
    EXPECT_LT(here, 1u << 20) << text;
    EXPECT_LT(elsewhere, 1u << 20) << text;
  }
  for (const std::string_view text :
       {R"({"table":"notes","op":"delete","where":{}})", R"({"clear":true})"}) {
    EXPECT_EQ(memory(text), std::pair(size_t{0}, size_t{0})) << text;
  }
}

// Which is what comes to this process to be compared.
TEST_F(WriteMemoryTest, ComparedLongTextsAreCounted) {
  const auto [range, there] =
      memory(R"({"table":"notes","op":"delete","where":{"text":{"gt":"a"}}})");
  EXPECT_GT(range, kAllTexts);
  EXPECT_GT(there, kAllTexts);
  results(R"({"table":"notes","op":"delete","where":{}})");
  for (int i = 0; i < 2000; ++i) {
    results(R"({"table":"notes","op":"insert","row":{"id":)" + std::to_string(i) +
            R"(,"tag":"","state":"","text":")" + std::string(1000, 'x') + R"("}})");
  }
  // Of those that are equal to a text it is known how long they are.
  const size_t equal = memory(R"({"table":"notes","op":"delete","where":{"text":"x"}})").second;
  const size_t above =
      memory(R"({"table":"notes","op":"delete","where":{"text":{"gt":"x"}}})").second;
  EXPECT_LT(equal + (2u << 20), above);
}

// Those that are here are looked at; else it is the mean of all.
TEST_F(WriteMemoryTest, FewRowsAreLookedAtWhereTheyAreHere) {
  for (int i = 1000; i < 3000; ++i) {
    results(R"({"table":"notes","op":"insert","row":{"id":)" + std::to_string(i) +
            R"(,"tag":"t2","state":"","text":""}})");
  }
  const auto [long_here, long_there] =
      memory(R"({"table":"notes","op":"update","where":{"id":{"lt":100}},"set":{"state":"s"}})");
  EXPECT_GT(long_here, 100 * kTextBytes);
  const auto [short_here, short_there] =
      memory(R"({"table":"notes","op":"update","where":{"tag":"t2"},"set":{"state":"s"}})");
  EXPECT_LT(short_here, 2000 * (kRowMemoryBytes + 300));
  EXPECT_GT(short_there, 0u);
}

// As many as refer to a row on average, or to the keys that are named.
TEST_F(WriteMemoryTest, ACascadeIsCounted) {
  for (int i = 0; i < 999; ++i) mark(0);
  const auto cascade = [&](std::string_view where) {
    return memory(R"({"table":"notes","op":"delete","where":)" + std::string(where) + "}").first;
  };
  EXPECT_GT(cascade(R"({"id":0})"), 1000 * kRowMemoryBytes);
  EXPECT_LT(cascade(R"({"id":5})"), 100 * kRowMemoryBytes);
  const size_t half = cascade(R"({"id":{"ge":100}})");
  EXPECT_GT(half, 600 * kRowMemoryBytes);
  EXPECT_LT(half, 900 * kRowMemoryBytes);
}

// The bound is the leader's to look at: what is in the log is answered by every replica alike,
// whatever it estimates and whatever it would let in.
TEST_F(WriteMemoryTest, WhatIsInTheLogIsAppliedWhateverItTakes) {
  Database other(limits_of(1));
  restore(other, snapshot_of(database_));
  ASSERT_FALSE(other.admit(kUpdateAll));
  wire::Entry entry;
  entry.index = index_ + 1;
  entry.payload = kUpdateAll;
  EXPECT_EQ(other.apply(entry).body, apply(kUpdateAll).body);
  EXPECT_EQ(snapshot_of(other), snapshot_of(database_));
}

}  // namespace
}  // namespace tandem::db

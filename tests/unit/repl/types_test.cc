#include "repl/types.h"

#include <gtest/gtest.h>

namespace tandem::repl {
namespace {

Record example() {
  Record record;
  record.lineage = 0xabcdef0123456789;
  record.epoch = 7;
  record.version = 12;
  record.leader = 2;
  record.in_sync = {{1, 0x11}, {2, 0xffffffffffffffff}};
  record.min_in_sync = 1;
  return record;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Record, ComesBackFromItsText) {
  const auto back = parse_record(to_text(example()));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, example());
}

TEST(Record, IsOneLineThatAPersonCanRead) {
  EXPECT_EQ(to_text(example()),
            "{\"lineage\":\"abcdef0123456789\",\"epoch\":7,\"version\":12,\"leader\":2,"
            "\"in_sync\":[{\"id\":1,\"storage_id\":\"0000000000000011\"},"
            "{\"id\":2,\"storage_id\":\"ffffffffffffffff\"}],\"min_in_sync\":1}\n");
}

TEST(Record, TellsWhichLineagesItTookThePlaceOf) {
  Record record = example();
  record.replaced = {{0x22, 3}, {0x33, 0}};
  const std::string text = to_text(record);
  EXPECT_NE(text.find(",\"replaced\":[{\"lineage\":\"0000000000000022\",\"epoch\":3},"
                      "{\"lineage\":\"0000000000000033\"}]}"),
            std::string::npos)
      << text;
  const auto back = parse_record(text);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, record);
  for (const char* bad : {"\"replaced\":7", "\"replaced\":[7]", "\"replaced\":[{}]",
                          "\"replaced\":[{\"lineage\":\"0000000000000022\",\"epoch\":0}]"}) {
    const auto refused = parse_record(
        replaced(to_text(example()), "\"min_in_sync\":1", std::string("\"min_in_sync\":1,") + bad));
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().kind, ErrorKind::kCorrupt);
  }
}

TEST(Record, OrdersItsMembers) {
  const auto back = parse_record(
      replaced(replaced(to_text(example()), "{\"id\":1,", "{\"id\":3,"), "\"id\":2", "\"id\":2"));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->in_sync[0].id, 2U);
  EXPECT_EQ(back->in_sync[1].id, 3U);
}

TEST(Record, ATextCutAnywhereIsCorrupt) {
  const std::string text = to_text(example());
  for (size_t size = 0; size + 1 < text.size(); ++size) {
    const auto back = parse_record(text.substr(0, size));
    ASSERT_FALSE(back) << size;
    EXPECT_EQ(back.error().kind, ErrorKind::kCorrupt);
  }
}

TEST(Record, MalformedTextsAreRefusedWithAReason) {
  const std::string text = to_text(example());
  const struct {
    const char* from;
    const char* to;
    const char* reason;
  } kCases[] = {
      {"\"lineage\":\"abcdef0123456789\"", "\"lineage\":7", "'lineage'"},
      {"abcdef0123456789", "abcdef012345678", "hex"},
      {"abcdef0123456789", "ABCDEF0123456789", "hex"},
      {"abcdef0123456789", "0000000000000000", "'lineage' is 0"},
      {"\"epoch\":7", "\"epoch\":-7", "'epoch'"},
      {"\"epoch\":7", "\"epoch\":0", "'epoch'"},
      {"\"epoch\":7", "\"epoch\":\"7\"", "'epoch'"},
      {"\"epoch\":7,", "", "'epoch'"},
      {"\"version\":12", "\"version\":1.5", "'version'"},
      {"\"version\":12", "\"version\":0", "'version'"},
      {"\"version\":12", "\"version\":99999999999999999999", "record"},
      {"\"leader\":2", "\"leader\":3", "leader"},
      {"\"leader\":2", "\"leader\":4294967298", "'leader'"},
      {"\"leader\":2", "\"leader\":0", "'leader'"},
      {"\"id\":1,", "\"id\":4294967297,", "'id'"},
      {"\"id\":1,", "\"id\":2,", "twice"},
      {"\"id\":1,", "\"id\":0,", "'id'"},
      {"\"0000000000000011\"", "17", "'storage_id'"},
      {"0000000000000011", "0000000000000000", "'storage_id'"},
      {"\"min_in_sync\":1", "\"min_in_sync\":0", "'min_in_sync'"},
      {"\"in_sync\":[", "\"in_sink\":[", "'in_sync'"},
      {"{\"id\":1,", "[],{\"id\":1,", "'id'"},
      {"\"epoch\":7", "\"epoch\":7,\"epoch\":8", "duplicate"},
      {"}\n", "}}\n", "record"},
  };
  for (const auto& c : kCases) {
    const auto back = parse_record(replaced(text, c.from, c.to));
    ASSERT_FALSE(back) << c.from << " -> " << c.to;
    EXPECT_EQ(back.error().kind, ErrorKind::kCorrupt) << c.to;
    EXPECT_NE(back.error().message.find(c.reason), std::string::npos) << back.error().message;
  }
}

TEST(Record, AMemberIsItsIdAndItsDisk) {
  EXPECT_TRUE(example().contains(Member{1, 0x11}));
  EXPECT_FALSE(example().contains(Member{1, 0x12}));
  ASSERT_NE(example().find(2), nullptr);
  EXPECT_EQ(example().find(3), nullptr);
}

}  // namespace
}  // namespace tandem::repl

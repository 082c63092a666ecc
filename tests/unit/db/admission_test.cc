#include "db/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "db/database.h"

namespace tandem::db {
namespace {

using testing::HasSubstr;

constexpr const char* kSchema =
    R"({"schema":{"users":{"key":"name","columns":[{"name":"name","type":"text"},)"
    R"({"name":"mail","type":"text","default":""},{"name":"note","type":"text","default":""},)"
    R"({"name":"tags","type":"list of text","default":[]}],"indexes":[["mail"]]},)"
    R"("rides":{"key":"id","auto_increment":true,"columns":[{"name":"id","type":"integer"},)"
    R"({"name":"at","type":"timestamp","default":0}]}}})";

struct AdmissionTest : testing::Test {
  AdmissionTest() { EXPECT_EQ(apply(kSchema).status, 200); }

  repl::Applied apply(const std::string& command) {
    wire::Entry entry;
    entry.index = ++index;
    entry.payload = command;
    return database.apply(entry);
  }
  std::string refusal(const std::string& command) {
    const Status good = database.admit(command);
    if (good) return "";
    EXPECT_EQ(good.error().kind, ErrorKind::kBadInput);
    return good.error().message;
  }
  static std::string user(const std::string& name, const std::string& more = "") {
    return R"({"table":"users","op":"upsert","row":{"name":")" + name + "\"" + more + "}}";
  }
  static std::string ride(const std::string& more, const std::string& op = "insert") {
    return R"({"table":"rides","op":")" + op + R"(","row":{)" + more + "}}";
  }
  static std::string update(const std::string& set) {
    return R"({"table":"users","op":"update","where":{},"set":{)" + set + "}}";
  }
  static std::string columns(size_t count, const std::string& name = "c") {
    std::string all = R"([{"name":"k","type":"integer"})";
    for (size_t i = 1; i < count; ++i) {
      all += R"(,{"name":")" + name + std::to_string(i) + R"(","type":"integer","default":0})";
    }
    return all + "]";
  }
  static std::string table(const std::string& name, const std::string& rest) {
    return R"({"schema":{")" + name + R"(":{"key":"k",)" + rest + "}}}";
  }

  Database database;
  uint64_t index = 0;
};

TEST_F(AdmissionTest, NoTextHoldsNul) {
  for (const std::string& command :
       {user("a\\u0000b"), user("a", R"(,"note":"\u0000")"),
        user("a", R"(,"tags":["ok","\u0000"])"), update(R"("note":"\u0000")")}) {
    EXPECT_THAT(refusal(command), HasSubstr("U+0000")) << command;
  }
  EXPECT_EQ(refusal(user("\\u0001\x7f")), "");
}

TEST_F(AdmissionTest, IndexedTextOfARowIsBounded) {
  EXPECT_EQ(refusal(user(std::string(2000, 'x'))), "");
  EXPECT_THAT(refusal(user(std::string(2001, 'x'))), HasSubstr("2001 bytes"));
  EXPECT_THAT(refusal(user(std::string(1000, 'x'), R"(,"mail":")" + std::string(1001, 'x') + "\"")),
              HasSubstr("2001 bytes"));
  EXPECT_EQ(refusal(user("x", R"(,"note":")" + std::string(100'000, 'x') + "\"")), "");
  // An update together with what is there.
  apply(user(std::string(1500, 'x')));
  EXPECT_EQ(refusal(update(R"("mail":")" + std::string(500, 'x') + "\"")), "");
  EXPECT_THAT(refusal(update(R"("mail":")" + std::string(501, 'x') + "\"")), HasSubstr("2001"));
}

TEST_F(AdmissionTest, WhatAnEarlierVersionLetInIsAppliedAndDeleted) {
  const std::string longer(5000, 'x');
  EXPECT_EQ(apply(user(longer)).status, 200);
  EXPECT_EQ(apply(user("a\\u0000b")).status, 200);
  EXPECT_EQ(refusal(update(R"("note":"small")")), "");
  for (const std::string& name : {longer, std::string("a\\u0000b")}) {
    const std::string remove =
        R"({"table":"users","op":"delete","where":{"name":")" + name + "\"}}";
    EXPECT_EQ(refusal(remove), "");
    EXPECT_THAT(apply(remove).body, HasSubstr(R"("affected":1)"));
  }
}

TEST_F(AdmissionTest, ARowStaysAsLargeAsAnAnswer) {
  const std::string megabytes(1 << 20, 'x');
  std::string tags;
  for (int i = 0; i < 7; ++i) tags += (i == 0 ? "\"" : ",\"") + megabytes + "\"";
  EXPECT_EQ(refusal(user("a", R"(,"tags":[)" + tags + "]")), "");
  apply(user("a", R"(,"tags":[)" + tags + "]"));
  EXPECT_THAT(refusal(update(R"("note":")" + megabytes + "\"")), HasSubstr("a row would have"));
}

TEST_F(AdmissionTest, ANamedKeyLeavesRoomForTheNext) {
  for (const char* key :
       {"9223372036854775807", "9007199254740992", "4503599627370497", "0", "-1"}) {
    for (const char* op : {"insert", "upsert"}) {
      EXPECT_THAT(refusal(ride(std::string(R"("id":)") + key, op)), HasSubstr("rides")) << key;
    }
  }
  EXPECT_EQ(refusal(ride(R"("id":4503599627370496)")), "");
  EXPECT_EQ(apply(ride(R"("id":4503599627370496)")).status, 200);
  EXPECT_THAT(apply(ride("")).body, HasSubstr(R"("key":4503599627370497)"));
}

TEST_F(AdmissionTest, ATextKeyIsNotEmpty) {
  EXPECT_THAT(refusal(user("")), HasSubstr("column 'name': is the key, which must not be empty"));
  EXPECT_EQ(refusal(user("a", R"(,"note":"")")), "");
  EXPECT_EQ(apply(user("a")).status, 200);
  EXPECT_THAT(refusal(update(R"("name":"")")), HasSubstr("name"));
  // One that an earlier version took is read, changed and deleted.
  EXPECT_EQ(apply(user("")).status, 200);
  EXPECT_EQ(refusal(update(R"("note":"changed")")), "");
  const std::string remove = R"({"table":"users","op":"delete","where":{"name":""}})";
  EXPECT_EQ(refusal(remove), "");
  EXPECT_THAT(apply(remove).body, HasSubstr(R"("affected":1)"));
}

TEST_F(AdmissionTest, ATimestampIsInTheYearsThatCanBeShown) {
  for (const char* at :
       {"-62135596800001", "253402300800000", "9223372036854775807", "-9223372036854775808"}) {
    EXPECT_THAT(refusal(ride(std::string(R"("at":)") + at)), HasSubstr("0001 to 9999")) << at;
  }
  EXPECT_EQ(refusal(ride(R"("at":-62135596800000)")), "");
  EXPECT_EQ(refusal(ride(R"("at":253402300799999)")), "");
}

TEST_F(AdmissionTest, NamesColumnsAndIndexesOfASchemaAreBounded) {
  const std::string some = R"("columns":)" + columns(2);
  EXPECT_EQ(refusal(table(std::string(63, 't'), some)), "");
  EXPECT_THAT(refusal(table(std::string(64, 't'), some)), HasSubstr("63 bytes"));
  EXPECT_THAT(refusal(table("a\\u0000b", some)), HasSubstr("U+0000"));
  EXPECT_EQ(refusal(table("t", R"("columns":)" + columns(2, std::string(62, 'c')))), "");
  EXPECT_THAT(refusal(table("t", R"("columns":)" + columns(2, std::string(63, 'c')))),
              HasSubstr("63 bytes"));
  EXPECT_EQ(refusal(table("t", R"("columns":)" + columns(250))), "");
  EXPECT_THAT(refusal(table("t", R"("columns":)" + columns(251))), HasSubstr("250 columns"));
  for (const char* name : {"ctid", "xmin", "tableoid"}) {
    const std::string column = R"("columns":[{"name":"k","type":"text"},{"name":")";
    EXPECT_THAT(refusal(table("t", column + name + R"(","type":"text"}])")), HasSubstr(name));
  }
  const auto index_of = [](size_t count) {
    std::string names;
    for (size_t i = 1; i <= count; ++i)
      names += (i == 1 ? "\"c" : ",\"c") + std::to_string(i) + '"';
    return R"(,"indexes":[[)" + names + "]]";
  };
  EXPECT_EQ(refusal(table("t", R"("columns":)" + columns(40) + index_of(32))), "");
  EXPECT_THAT(refusal(table("t", R"("columns":)" + columns(40) + index_of(33))),
              HasSubstr("32 columns"));
}

TEST_F(AdmissionTest, TheOperationIsNamed) {
  EXPECT_THAT(refusal(R"({"ops":[)" + user("a") + "," + user("\\u0000") + "]}"),
              HasSubstr("operation 1: table 'users', column 'name'"));
}

}  // namespace
}  // namespace tandem::db

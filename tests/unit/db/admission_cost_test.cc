// How far a leader looks at rows before it logs an update: on its loop, so not far.
#include "db/fixture.h"

namespace tandem::db {
namespace {

class AdmissionCostTest : public DatabaseTest {
 protected:
  AdmissionCostTest()
      : DatabaseTest(R"({
  "notes":{"key":"id","columns":[{"name":"id","type":"integer"},
     {"name":"tag","type":"text"},{"name":"text","type":"text"}],"indexes":[["tag"]]}})",
                     limits()) {
    for (int i = 0; i < 200; ++i) add(i, "tag", "text");
  }

  static Limits limits() {
    Limits limits;
    limits.quick_cost = 100;
    return limits;
  }
  void add(int id, const std::string& tag, const std::string& text) {
    results(R"({"table":"notes","op":"upsert","row":{"id":)" + std::to_string(id) + R"(,"tag":")" +
            tag + R"(","text":")" + text + R"("}})");
  }
  Status admitted(std::string_view where, size_t tag_bytes) {
    return database_.admit(R"({"table":"notes","op":"update","where":)" + std::string(where) +
                           R"(,"set":{"tag":")" + std::string(tag_bytes, 't') + R"("}})");
  }
};

// The longest texts that there are tell that no row would be too large.
TEST_F(AdmissionCostTest, ShortTextsAreTakenWithoutALookAtTheRows) {
  EXPECT_TRUE(admitted("{}", 1000).has_value());
}

TEST_F(AdmissionCostTest, WhereARowWouldBeTooLargeItIsNamedAsBefore) {
  EXPECT_EQ(admitted(R"({"id":7})", 3000).error().kind, ErrorKind::kBadInput);
  EXPECT_EQ(admitted("{}", 3000).error().kind, ErrorKind::kBadInput);
}

TEST_F(AdmissionCostTest, NotMoreRowsAreLookedAtThanIsQuick) {
  const std::string long_text(1u << 20, 'x');
  results(R"({"ops":[{"table":"notes","op":"upsert","row":{"id":500,"tag":"x","text":")" +
          long_text + R"("}}]})");
  const auto set_text = [&](std::string_view where) {
    return database_.admit(R"({"table":"notes","op":"update","where":)" + std::string(where) +
                           R"(,"set":{"tag":"y"}})");
  };
  EXPECT_TRUE(set_text("{}").has_value());
  // A row with a long tag from an earlier version: the bound says nothing any more.
  add(501, std::string(2500, 'o'), "text");
  EXPECT_TRUE(database_
                  .admit(R"({"table":"notes","op":"update","where":{"id":7},)"
                         R"("set":{"text":")" +
                         long_text.substr(0, 20'000) + R"("}})")
                  .has_value());
  const Status refused =
      database_.admit(R"({"table":"notes","op":"update","where":{"text":"text"},"set":{"text":")" +
                      long_text.substr(0, 20'000) + R"("}})");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::kTooLarge);
  EXPECT_TRUE(refused.error().message.find("change fewer at a time") != std::string::npos)
      << refused.error().message;
}

}  // namespace
}  // namespace tandem::db

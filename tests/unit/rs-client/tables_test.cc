#include "rs-client/tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem::client {
namespace {

using testing::HasSubstr;

const wire::Json kSchema = wire::parse_json(R"({
  "users": {"key": "username", "columns": [{"name": "username", "type": "text"},
                                           {"name": "active", "type": "boolean"}]},
  "rides": {"key": "rideId", "columns": [{"name": "rideId", "type": "integer"},
                                         {"name": "by", "type": "text", "references": "users"}]}
})")
                               .value();

std::string query(const std::string& table, const std::vector<std::string>& conditions) {
  const auto made = query_of(kSchema, table, conditions);
  return made ? made->dump() : made.error().message;
}

TEST(Tables, AreListedInTheirOrder) {
  EXPECT_EQ(table_names(kSchema).dump(), R"(["users","rides"])");
}

TEST(Tables, HaveARowForEachColumn) {
  const auto rows = column_rows(kSchema, "rides");
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->dump(),
            R"([{"table":"rides","column":"rideId","type":"integer","key":"key","references":""},)"
            R"({"table":"rides","column":"by","type":"text","key":"","references":"users"}])");
  EXPECT_EQ(column_rows(kSchema, "")->as_array()->size(), 4u);
  EXPECT_EQ(column_rows(kSchema, "ride").error().message,
            "there is no table 'ride', did you mean 'rides'?");
}

TEST(Tables, AreAskedForByTheValuesOfColumns) {
  EXPECT_EQ(query("users", {}), R"({"table":"users"})");
  EXPECT_EQ(query("users", {"username=a=b", "active=true"}),
            R"({"table":"users","where":{"username":"a=b","active":true}})");
  EXPECT_EQ(query("users", {"username='ann'"}), R"({"table":"users","where":{"username":"ann"}})");
  EXPECT_EQ(query("users", {"username=22"}), R"({"table":"users","where":{"username":"22"}})");
  EXPECT_EQ(query("rides", {"rideId=22"}), R"({"table":"rides","where":{"rideId":22}})");
}

TEST(Tables, TellWhatIsWrongWithACondition) {
  EXPECT_THAT(query("user", {}), HasSubstr("did you mean 'users'?"));
  EXPECT_THAT(query("users", {"usrname=x"}), HasSubstr("did you mean 'username'?"));
  EXPECT_EQ(query("users", {"username"}), "'username' is not COL=VALUE");
  EXPECT_EQ(query("users", {"username='a"}),
            "'username='a' is not COL=VALUE: one of its quotes has no other");
  EXPECT_EQ(query("users", {"username==a"}),
            "'username==a' is not COL=VALUE: a value that begins with '=' needs quotes around it");
  EXPECT_EQ(query("users", {"username=a", "username=b"}), "'username' is given twice");
  EXPECT_EQ(query("rides", {"rideId=x"}), "'rideId=x': 'rideId' is of type integer");
  EXPECT_EQ(query("users", {"active=1"}), "'active=1': 'active' is of type boolean");
}

}  // namespace
}  // namespace tandem::client

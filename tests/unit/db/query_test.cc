#include "db/query.h"

#include <gmock/gmock.h>

#include "db/fixture.h"

namespace tandem::db {
namespace {

class QueryTest : public DatabaseTest {
 protected:
  QueryTest() : DatabaseTest(kRidesSchema, Limits{.reads = 3, .rows = 4, .list_items = 5}) {
    add_user("ann");
    add_user("bob");
    add_ride("ann", 300, 22, 23);  // 1
    add_ride("bob", 200, 22, 23);  // 2
    add_ride("ann", 100, 22, 23);  // 3
    add_ride("ann", 100, 22, 24);  // 4
    add_ride("bob", 100, 21, 23);  // 5
  }
  std::string ids(const std::string& rest) {
    const wire::Json rows = json_of(read(R"({"table":"rides","columns":["rideId"],)" + rest + "}"));
    std::string out;
    for (const wire::Json& row : *rows.as_array()) {
      out += std::to_string(*row.find("rideId")->as_int());
    }
    return out;
  }
  std::string bad(const std::string& query) {
    const Error error = read_error(query);
    EXPECT_EQ(error.kind, ErrorKind::kBadInput);
    return error.message;
  }
};

TEST_F(QueryTest, AnswersRowsAsObjects) {
  EXPECT_EQ(read(R"({"table":"rides","where":{"rideId":2}})"),
            R"([{"rideId":2,"created_by":"bob","timestamp":200,"source":22,"destination":23}])");
  EXPECT_EQ(read(R"({"table":"rides","columns":["source","rideId"],"where":{"rideId":2}})"),
            R"([{"source":22,"rideId":2}])");
  EXPECT_EQ(read(R"({"table":"rides","where":{"rideId":9}})"), "[]");
}

TEST_F(QueryTest, FindsByEveryOperator) {
  EXPECT_EQ(ids(R"("where":{"source":22,"destination":23})"), "123");
  EXPECT_EQ(ids(R"("where":{"rideId":{"lt":3}})"), "12");
  EXPECT_EQ(ids(R"("where":{"rideId":{"le":3}})"), "123");
  EXPECT_EQ(ids(R"("where":{"rideId":{"gt":3}})"), "45");
  EXPECT_EQ(ids(R"("where":{"rideId":{"ge":3,"lt":5}})"), "34");
  EXPECT_EQ(ids(R"("where":{"rideId":{"in":[5,1,9,1]}})"), "15");
  EXPECT_EQ(ids(R"("where":{"rideId":{"in":[]}})"), "");
  EXPECT_EQ(ids(R"("where":{"timestamp":{"ne":100}})"), "12");
  EXPECT_EQ(ids(R"("where":{"created_by":{"gt":"ann"}})"), "25");
  EXPECT_EQ(ids(R"("where":{"source":22,"destination":23,"timestamp":{"gt":100}})"), "12");
  EXPECT_EQ(ids(R"("where":{"source":{"ge":22}})"), "1234");
  EXPECT_EQ(ids(R"("where":{"created_by":"ann","rideId":{"gt":1}})"), "34");
  EXPECT_EQ(ids(R"("where":{"rideId":{"gt":4,"lt":2}})"), "");
}

TEST_F(QueryTest, ReadsOneEqualityAsText) {
  EXPECT_EQ(ids(R"("where":"source=21")"), "5");
  EXPECT_EQ(ids(R"("where":"created_by=bob")"), "25");
  EXPECT_EQ(ids(R"("where":"created_by=")"), "");
  EXPECT_EQ(ids(R"("where":"created_by='bob'")"), "25");
  EXPECT_EQ(ids(R"("where":" created_by = \"bob\" ")"), "25");
  EXPECT_EQ(ids(R"("where":"source = '21'")"), "5");
  EXPECT_EQ(ids(R"("where":"\tcreated_by\n=\tbob\r\n")"), "25");
  EXPECT_EQ(ids(R"("where":"created_by=''")"), "");
  EXPECT_EQ(ids(R"("where":"created_by=o'neil")"), "");
  EXPECT_EQ(ids(R"("where":"created_by=\"o'neil\"")"), "");
  EXPECT_EQ(ids(R"("where":"created_by='a=b'")"), "");
}

TEST_F(QueryTest, OrdersByColumnsThenByKey) {
  EXPECT_EQ(ids(R"("order":["timestamp"],"where":{"rideId":{"le":4}})"), "3421");
  EXPECT_EQ(ids(R"("order":["-timestamp"],"where":{"rideId":{"le":4}})"), "1234");
  EXPECT_EQ(ids(R"("order":["timestamp","-rideId"],"where":{"rideId":{"le":4}})"), "4321");
  EXPECT_EQ(ids(R"("order":["-rideId"],"limit":2)"), "54");
  EXPECT_EQ(ids(R"("order":["-rideId","timestamp"],"limit":2,"offset":1)"), "43");
  EXPECT_EQ(ids(R"("order":["timestamp","rideId"],"where":{"source":22,"destination":23})"), "321");
  EXPECT_EQ(ids(R"("order":["destination","timestamp"],"where":{"source":22})"), "3214");
  EXPECT_EQ(ids(R"("order":["timestamp","destination"],"where":{"source":22})"), "3421");
  EXPECT_EQ(ids(R"("order":["source","timestamp"],"where":{"source":22})"), "3421");
  EXPECT_EQ(ids(R"("order":[],"limit":1)"), "1");
}

TEST_F(QueryTest, CutsWithLimitAndOffset) {
  EXPECT_EQ(ids(R"("limit":2)"), "12");
  EXPECT_EQ(ids(R"("limit":2,"offset":2)"), "34");
  EXPECT_EQ(ids(R"("limit":0)"), "");
  EXPECT_EQ(ids(R"("limit":3,"offset":4)"), "5");
  EXPECT_EQ(ids(R"("offset":5)"), "");
  EXPECT_EQ(ids(R"("offset":9223372036854775807,"limit":9223372036854775807)"), "");
  EXPECT_EQ(ids(R"("order":["timestamp"],"limit":2,"offset":1)"), "45");
  EXPECT_EQ(ids(R"("order":["timestamp"],"offset":9)"), "");
}

TEST_F(QueryTest, RefusesToAnswerAPartAsTheWhole) {
  const Error error = read_error(R"({"table":"rides"})");
  EXPECT_EQ(error.kind, ErrorKind::kTooLarge);
  EXPECT_EQ(error.message,
            "table 'rides': the answer has more than 4 rows: ask for a part of them with 'limit' "
            "and 'offset'");
  EXPECT_EQ(read_error(R"({"table":"rides","order":["timestamp"]})").kind, ErrorKind::kTooLarge);
  EXPECT_EQ(read_error(R"({"table":"rides","limit":5})").kind, ErrorKind::kTooLarge);
  EXPECT_EQ(ids(R"("offset":1)"), "2345");
}

TEST_F(QueryTest, Counts) {
  EXPECT_EQ(read(R"({"table":"rides","count":true})"), "[5]");
  EXPECT_EQ(read(R"({"table":"rides","count":true,"where":{"source":22}})"), "[4]");
  EXPECT_EQ(read(R"({"table":"riders","count":true})"), "[0]");
  EXPECT_EQ(read(R"({"table":"riders","count":false})"), "[]");
}

TEST_F(QueryTest, AnswersSeveralFromOneState) {
  EXPECT_EQ(read(R"({"reads":[{"table":"rides","count":true},
                     {"table":"rides","columns":["rideId"],"where":{"source":21}}]})"),
            R"([[5],[{"rideId":5}]])");
  EXPECT_EQ(read(R"({"reads":[]})"), "[]");
  EXPECT_EQ(bad(R"({"reads":{}})"), "'reads' must be an array, not an object");
  EXPECT_EQ(bad(R"({"reads":[{"table":"users"},{"table":"x"}]})"), "read 1: unknown table 'x'");
  EXPECT_EQ(read_error(R"({"reads":[{"table":"users"},{"table":"rides"}]})").message.substr(0, 22),
            "read 1: table 'rides':");
  EXPECT_EQ(read_error(R"({"reads":[1,2,3,4]})").kind, ErrorKind::kTooLarge);
}

TEST_F(QueryTest, NamesWhatIsWrong) {
  EXPECT_EQ(bad("{"), "not JSON: a comma, colon, brace, bracket or quote is missing or misplaced");
  EXPECT_EQ(bad("[]"), "a query must be an object, not an array");
  EXPECT_EQ(bad("{}"), "'table' is missing");
  EXPECT_EQ(bad(R"({"table":1})"), "'table' must be a string, not an integer");
  EXPECT_EQ(bad(R"({"table":"ride"})"), "unknown table 'ride'");
  EXPECT_EQ(bad(R"({"table":"rides","count":1})"),
            "table 'rides': 'count' must be a boolean, not an integer");
  EXPECT_EQ(bad(R"({"table":"rides","columns":"rideId"})"),
            "table 'rides': 'columns' must be an array of strings, not a string");
  EXPECT_EQ(bad(R"({"table":"rides","columns":[1]})"),
            "table 'rides': 'columns' must be an array of strings, but holds an integer");
  EXPECT_EQ(bad(R"({"table":"rides","columns":[]})"), "table 'rides': 'columns' names no column");
  EXPECT_EQ(bad(R"({"table":"rides","columns":["x"]})"), "table 'rides' has no column 'x'");
  EXPECT_EQ(bad(R"({"table":"rides","columns":["source","source"]})"),
            "table 'rides', column 'source' is named twice in 'columns'");
  EXPECT_EQ(bad(R"({"table":"rides","order":["-x"]})"), "table 'rides' has no column 'x'");
  EXPECT_EQ(bad(R"({"table":"rides","order":["source","-source"]})"),
            "table 'rides', column 'source' is named twice in 'order'");
  EXPECT_EQ(bad(R"({"table":"rides","limit":-1})"),
            "table 'rides': 'limit' must be an integer from 0 on");
  EXPECT_EQ(bad(R"({"table":"rides","offset":"1"})"),
            "table 'rides': 'offset' must be an integer from 0 on, not a string");
}

TEST_F(QueryTest, WhereAsTextThatIsMeantOtherwiseIsRefused) {
  const std::string text = "table 'rides': 'where' as text must be column=value, not 'created_by";
  const auto where_error = [this](const std::string& where) {
    return bad(R"({"table":"rides","where":"created_by)" + where + "\"}");
  };
  EXPECT_EQ(where_error("='bob"), text + "='bob': one of its quotes has no other");
  for (const std::string lone : {"=bob'", R"(=\"bob)", R"(='bob\")", "='", "=o'"}) {
    EXPECT_THAT(where_error(lone), testing::HasSubstr(": one of its quotes has no other"));
  }
  for (const std::string more : {"=''bob''", R"(='bob\"')", R"(=\"'bob'\")", "='o'neil'", "='''",
                                 "='bob' and source='21'"}) {
    EXPECT_THAT(where_error(more),
                testing::HasSubstr(": a value has one pair of quotes around it"));
  }
  for (const std::string equal : {"==bob", "=='bob' ", "=bob=", "=bob and source=21", "= = bob"}) {
    EXPECT_THAT(where_error(equal), testing::EndsWith(" needs quotes around it"));
  }
}

TEST_F(QueryTest, NamesWhatIsWrongInWhere) {
  const auto where_error = [this](const std::string& where) {
    return bad(R"({"table":"rides","where":)" + where + "}");
  };
  EXPECT_EQ(where_error("1"), "table 'rides': 'where' must be an object, not an integer");
  EXPECT_EQ(where_error("\"source\""),
            "table 'rides': 'where' as text must be column=value, not 'source'");
  EXPECT_EQ(where_error("\"x=1\""), "table 'rides' has no column 'x'");
  EXPECT_EQ(where_error("\"source=x\""),
            "table 'rides', column 'source': must be an integer, not 'x'");
  EXPECT_EQ(where_error(R"({"x":1})"), "table 'rides' has no column 'x'");
  EXPECT_EQ(where_error(R"({"source":"22"})"),
            "table 'rides', column 'source': must be an integer, not a string");
  EXPECT_EQ(where_error(R"({"source":null})"),
            "table 'rides', column 'source': must be an integer, not null");
  EXPECT_EQ(where_error(R"({"source":{}})"),
            "table 'rides', column 'source': an operator is missing: lt, le, gt, ge, ne or in");
  EXPECT_EQ(where_error(R"({"source":{"eq":1}})"),
            "table 'rides', column 'source': unknown operator 'eq': it must be lt, le, gt, ge, ne "
            "or in");
  EXPECT_EQ(where_error(R"({"source":{"lt":"1"}})"),
            "table 'rides', column 'source': must be an integer, not a string");
  EXPECT_EQ(where_error(R"({"source":{"in":1}})"),
            "table 'rides', column 'source': 'in' needs an array, not an integer");
  EXPECT_EQ(where_error(R"({"source":{"in":[1,"2"]}})"),
            "table 'rides', column 'source': must be an integer, not a string");
  EXPECT_EQ(where_error(R"({"source":{"in":[1,2,3,4,5,6]}})"),
            "table 'rides', column 'source': 'in' names more than 5 values");
}

class NullTest : public DatabaseTest {
 protected:
  NullTest()
      : DatabaseTest(R"({"t":{"key":"k","columns":[{"name":"k","type":"integer"},
            {"name":"n","type":"integer","null":true},{"name":"b","type":"boolean"},
            {"name":"l","type":"list of text"}],"indexes":[{"columns":["n"],"unique":true}]}})") {
    results(R"({"ops":[{"table":"t","op":"insert","row":{"k":1,"b":true,"l":["x","y"]}},
                {"table":"t","op":"insert","row":{"k":2,"n":5,"b":false,"l":[]}},
                {"table":"t","op":"insert","row":{"k":3,"n":null,"b":true,"l":["x"]}}]})");
  }
  std::string found(const std::string& where, const std::string& rest = "") {
    return read(R"({"table":"t","columns":["k"],"where":)" + where + rest + "}");
  }
};

TEST_F(NullTest, HasItsOwnRules) {
  EXPECT_EQ(found(R"({"n":null})"), R"([{"k":1},{"k":3}])");
  EXPECT_EQ(found(R"({"n":{"ne":null}})"), R"([{"k":2}])");
  EXPECT_EQ(found(R"({"n":{"ne":6}})"), R"([{"k":1},{"k":2},{"k":3}])");
  EXPECT_EQ(found(R"({"n":{"lt":9}})"), R"([{"k":2}])");
  EXPECT_EQ(found(R"({"n":{"ge":-9}})"), R"([{"k":2}])");
  EXPECT_EQ(found(R"({"n":{"in":[null,7]}})"), R"([{"k":1},{"k":3}])");
  EXPECT_EQ(found("{}", R"(,"order":["n"])"), R"([{"k":1},{"k":3},{"k":2}])");
  EXPECT_EQ(read_error(R"({"table":"t","where":{"n":{"lt":null}}})").message,
            "table 't', column 'n': must be an integer, not null");
}

TEST_F(NullTest, BooleansAndListsAreOnlyEqualOrNot) {
  EXPECT_EQ(found(R"({"b":true})"), R"([{"k":1},{"k":3}])");
  EXPECT_EQ(found(R"("b=false")"), R"([{"k":2}])");
  EXPECT_EQ(found(R"({"l":["x"]})"), R"([{"k":3}])");
  EXPECT_EQ(found(R"({"l":{"in":[[],["x"]]}})"), R"([{"k":2},{"k":3}])");
  EXPECT_EQ(found(R"({"l":{"ne":[]}})"), R"([{"k":1},{"k":3}])");
  EXPECT_EQ(read_error(R"({"table":"t","where":{"b":{"lt":true}}})").message,
            "table 't', column 'b': 'lt' does not fit the type boolean");
  EXPECT_EQ(read_error(R"({"table":"t","where":{"l":{"ge":[]}}})").message,
            "table 't', column 'l': 'ge' does not fit the type list of text");
}

}  // namespace
}  // namespace tandem::db

#include "db/database.h"

#include "db/fixture.h"

namespace tandem::db {
namespace {

using RidesTest = DatabaseTest;

TEST_F(RidesTest, InsertGivesTheKey) {
  EXPECT_EQ(results(R"({"table":"users","op":"insert","row":{"username":"ann","password":"x"}})"),
            R"([{"affected":1,"key":"ann"}])");
  EXPECT_EQ(results(R"({"table":"rides","op":"insert","row":
                        {"created_by":"ann","timestamp":5,"source":1,"destination":2}})"),
            R"([{"affected":1,"key":1}])");
}

TEST_F(RidesTest, CountsKeysUpAndNeverUsesOneTwice) {
  add_user("ann");
  const std::string insert = R"({"table":"rides","op":"insert","row":{)";
  const std::string rest = R"("created_by":"ann","timestamp":5,"source":1,"destination":2}})";
  EXPECT_EQ(results(insert + rest), R"([{"affected":1,"key":1}])");
  EXPECT_EQ(results(insert + R"("rideId":7,)" + rest), R"([{"affected":1,"key":7}])");
  EXPECT_EQ(results(insert + R"("rideId":-3,)" + rest), R"([{"affected":1,"key":-3}])");
  EXPECT_EQ(results(insert + rest), R"([{"affected":1,"key":8}])");
  results(R"({"table":"rides","op":"delete","where":{}})");
  EXPECT_EQ(results(insert + rest), R"([{"affected":1,"key":9}])");
  EXPECT_EQ(results(R"({"clear":true})"), R"([{"affected":2}])");
  EXPECT_EQ(read(R"({"table":"users","count":true})"), "[0]");
  add_user("ann");
  EXPECT_EQ(results(insert + rest), R"([{"affected":1,"key":10}])");
  EXPECT_EQ(results(insert + R"("rideId":9223372036854775807,)" + rest),
            R"([{"affected":1,"key":9223372036854775807}])");
  EXPECT_EQ(refusal(insert + rest, 409),
            "operation 0: table 'rides', column 'rideId': no number is left");
}

TEST_F(RidesTest, ARefusedTransactionGivesItsKeysBack) {
  add_user("ann");
  refusal(R"({"ops":[{"table":"rides","op":"insert","row":
               {"rideId":50,"created_by":"ann","timestamp":5,"source":1,"destination":2}},
              {"table":"rides","op":"insert","row":
               {"created_by":"nobody","timestamp":5,"source":1,"destination":2}}]})",
          409);
  add_ride("ann", 5, 1, 2);
  EXPECT_EQ(read(R"({"table":"rides","columns":["rideId"]})"), R"([{"rideId":1}])");
}

TEST_F(RidesTest, RefusesAKeyThatExists) {
  add_user("ann");
  const auto applied =
      apply(R"({"table":"users","op":"insert","row":{"username":"ann","password":"y"}})");
  EXPECT_EQ(applied.status, 409);
  EXPECT_EQ(applied.body,
            R"({"error":{"code":409,"message":"operation 0: table 'users', column 'username': )"
            R"(a row with \"ann\" exists already","operation":0}})");
  add_user("Ann");
}

TEST_F(RidesTest, UpsertReplacesTheWholeRow) {
  const std::string upsert =
      R"({"table":"users","op":"upsert","row":{"username":"ann","password":)";
  EXPECT_EQ(results(upsert + R"("1"}})"), R"([{"affected":1,"key":"ann"}])");
  add_ride("ann", 5, 1, 2);
  EXPECT_EQ(results(upsert + R"("2"}})"), R"([{"affected":1,"key":"ann"}])");
  EXPECT_EQ(read(R"({"table":"users"})"), R"([{"username":"ann","password":"2"}])");
  EXPECT_EQ(read(R"({"table":"rides","count":true})"), "[1]");
  EXPECT_EQ(results(R"({"table":"riders","op":"upsert","row":{"rideId":1,"username":"ann"}})"),
            R"([{"affected":1,"key":1}])");
  EXPECT_EQ(refusal(R"({"table":"riders","op":"upsert","row":{"rideId":1,"username":"ann"}})", 409),
            "operation 0: table 'riders': another row has 1, \"ann\" in 'rideId', 'username', "
            "which must be unique");
  EXPECT_EQ(
      results(R"({"table":"riders","op":"upsert","row":{"seq":1,"rideId":1,"username":"ann"}})"),
      R"([{"affected":1,"key":1}])");
}

TEST_F(RidesTest, UpdatesWhatTheWhereMeans) {
  add_user("ann");
  for (int i = 0; i < 3; ++i) add_ride("ann", i, 1, 2);
  EXPECT_EQ(results(R"({"table":"rides","op":"update","where":{"timestamp":{"ge":1}},
                        "set":{"source":9,"timestamp":77}})"),
            R"([{"affected":2}])");
  EXPECT_EQ(read(R"({"table":"rides","where":{"source":9},"columns":["rideId","timestamp"]})"),
            R"([{"rideId":2,"timestamp":77},{"rideId":3,"timestamp":77}])");
  EXPECT_EQ(results(R"({"table":"rides","op":"update","where":"source=5","set":{"source":9}})"),
            R"([{"affected":0}])");
  EXPECT_EQ(refusal(R"({"table":"rides","op":"update","where":{},"set":{"created_by":"x"}})", 409),
            "operation 0: table 'rides', column 'created_by': there is no \"x\" in table 'users'");
}

TEST_F(RidesTest, DeletingAUserTakesRidesAndRidersAlong) {
  add_user("ann");
  add_user("bob");
  add_ride("ann", 5, 1, 2);
  add_ride("bob", 5, 1, 2);
  results(R"({"ops":[{"table":"riders","op":"insert","row":{"rideId":1,"username":"bob"}},
                     {"table":"riders","op":"insert","row":{"rideId":2,"username":"ann"}},
                     {"table":"riders","op":"insert","row":{"rideId":2,"username":"bob"}}]})");
  EXPECT_EQ(results(R"({"table":"users","op":"delete","where":{"username":"ann"}})"),
            R"([{"affected":1}])");
  EXPECT_EQ(read(R"({"table":"rides","columns":["rideId"]})"), R"([{"rideId":2}])");
  EXPECT_EQ(read(R"({"table":"riders"})"), R"([{"seq":3,"rideId":2,"username":"bob"}])");
  EXPECT_EQ(results(R"({"table":"users","op":"delete","where":{"username":"ann"}})"),
            R"([{"affected":0}])");
}

TEST_F(RidesTest, ConditionsAreNamedByNumber) {
  add_user("ann");
  const auto conditional = [](const std::string& conditions) {
    return R"({"if":[)" + conditions +
           R"(],"ops":[{"table":"users","op":"upsert","row":{"username":"z","password":""}}]})";
  };
  const auto applied = apply(conditional(R"({"table":"users","where":"username=ann","exists":true},
                                            {"table":"users","where":"username=z","exists":true})"));
  EXPECT_EQ(applied.status, 409);
  EXPECT_EQ(applied.body,
            R"({"error":{"code":409,"message":"condition 1 does not hold: wanted a row in table )"
            R"('users' where {\"username\":\"z\"}","condition":1}})");
  EXPECT_EQ(refusal(conditional(R"({"table":"users","exists":false})"), 409),
            "condition 0 does not hold: wanted no row in table 'users' where {}");
  EXPECT_EQ(refusal(conditional(R"({"table":"users","where":{"password":"x"},"count":2})"), 409),
            "condition 0 does not hold: wanted 2 rows in table 'users' where {\"password\":\"x\"}, "
            "there are 1");
  EXPECT_EQ(refusal(conditional(R"({"table":"users","where":{"password":"x"},"count":0})"), 409),
            "condition 0 does not hold: wanted 0 rows in table 'users' where {\"password\":\"x\"}, "
            "there are more");
  EXPECT_EQ(results(conditional(R"({"table":"users","count":1},{"table":"rides","exists":false})")),
            R"([{"affected":1,"key":"z"}])");
}

TEST_F(RidesTest, ALongWhereIsCutInMessages) {
  const std::string name(100'000, 'n');
  const std::string message =
      refusal(R"({"if":[{"table":"users","where":{"username":")" + name +
                  R"("},"exists":true}],"ops":[{"table":"users","op":"delete","where":{}}]})",
              409);
  EXPECT_LT(message.size(), 300u);
  EXPECT_TRUE(message.ends_with("n…"));
}

TEST_F(RidesTest, KeepsLongAndStrangeTexts) {
  const std::string strange = "ä/\\\"%2F\n\t😀 '" + std::string(100'000, 'x');
  wire::Json row;
  row.set("username", strange).set("password", "\x01");
  wire::Json command;
  command.set("table", "users").set("op", "insert").set("row", row);
  EXPECT_EQ(apply(command.dump()).status, 200);
  wire::Json query;
  query.set("table", "users").set("where", wire::Json::Object{{"username", strange}});
  EXPECT_EQ(read(query.dump()), wire::Json(wire::Json::Array{row}).dump());
  Database copy;
  restore(copy, snapshot_of(database_));
  EXPECT_EQ(copy.query(query.dump()), wire::Json(wire::Json::Array{row}).dump());
}

TEST_F(RidesTest, AnswersNameTheIndexOfTheirEntry) {
  wire::Entry entry;
  entry.index = 1234;
  entry.payload = R"({"table":"users","op":"delete","where":{}})";
  EXPECT_EQ(database_.apply(entry).body, R"({"index":1234,"results":[{"affected":0}]})");
}

TEST_F(RidesTest, LaterOperationsSeeEarlierOnes) {
  EXPECT_EQ(
      results(R"({"ops":[{"table":"users","op":"insert","row":{"username":"a","password":"1"}},
             {"table":"users","op":"update","where":{},"set":{"password":"2"}},
             {"table":"users","op":"delete","where":"password=2"}]})"),
      R"([{"affected":1,"key":"a"},{"affected":1},{"affected":1}])");
}

class RestrictTest : public DatabaseTest {
 protected:
  RestrictTest()
      : DatabaseTest(R"({
      "nodes":{"key":"id","columns":[{"name":"id","type":"integer"},
        {"name":"parent","type":"integer","null":true,"references":"nodes","on_delete":"cascade"}]},
      "pins":{"key":"id","columns":[{"name":"id","type":"integer"},
        {"name":"node","type":"integer","references":"nodes"},
        {"name":"owner","type":"integer","null":true,
         "references":"nodes","on_delete":"cascade"}]}})") {}
  std::string node(int64_t id, const std::string& parent) {
    return R"({"table":"nodes","op":"insert","row":{"id":)" + std::to_string(id) + R"(,"parent":)" +
           parent + "}}";
  }
};

TEST_F(RestrictTest, ARowThatIsReferredToStays) {
  results(node(1, "null"));
  results(node(2, "1"));
  results(R"({"table":"pins","op":"insert","row":{"id":1,"node":2}})");
  EXPECT_EQ(refusal(R"({"table":"nodes","op":"delete","where":"id=1"})", 409),
            "operation 0: table 'nodes', column 'id': the row with 2 cannot be deleted: table "
            "'pins', column 'node' refers to it");
  results(R"({"table":"pins","op":"delete","where":{}})");
  EXPECT_EQ(results(R"({"table":"nodes","op":"delete","where":"id=1"})"), R"([{"affected":1}])");
  EXPECT_EQ(read(R"({"table":"nodes","count":true})"), "[0]");
}

TEST_F(RestrictTest, ARowThatGoesAlongDoesNotRestrict) {
  results(node(1, "null"));
  results(node(2, "1"));
  results(R"({"table":"pins","op":"insert","row":{"id":1,"node":2,"owner":1}})");
  results(R"({"table":"nodes","op":"delete","where":"id=1"})");
  EXPECT_EQ(read(R"({"reads":[{"table":"nodes","count":true},{"table":"pins","count":true}]})"),
            "[[0],[0]]");
}

TEST_F(RestrictTest, ARowMayReferToItself) {
  EXPECT_EQ(refusal(node(1, "2"), 409),
            "operation 0: table 'nodes', column 'parent': there is no 2 in table 'nodes'");
  results(node(1, "1"));
  results(node(2, "1"));
  results(R"({"table":"nodes","op":"update","where":"id=1","set":{"parent":2}})");
  EXPECT_EQ(results(R"({"table":"nodes","op":"delete","where":"id=2"})"), R"([{"affected":1}])");
  EXPECT_EQ(read(R"({"table":"nodes","count":true})"), "[0]");
}

TEST_F(RestrictTest, AChainOfReferencesMayBeLong) {
  results(node(0, "null"));
  for (int64_t i = 1; i < 100'000; ++i) apply(node(i, std::to_string(i - 1)));
  EXPECT_EQ(read(R"({"table":"nodes","count":true})"), "[100000]");
  EXPECT_EQ(results(R"({"table":"nodes","op":"delete","where":"id=0"})"), R"([{"affected":1}])");
  EXPECT_EQ(read(R"({"table":"nodes","count":true})"), "[0]");
}

TEST_F(RidesTest, SnapshotIsReadable) {
  add_user("ann");
  add_ride("ann", 5, 1, 2);
  const std::vector<std::string> rows = snapshot_of(database_);
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0], "{\"schema\":" + to_json(database_.schema()).dump() + "}");
  EXPECT_EQ(rows[1], R"({"counters":{"rides":1,"riders":0}})");
  EXPECT_EQ(rows[2], R"({"table":"users","row":{"username":"ann","password":"x"}})");
  EXPECT_EQ(rows[3],
            R"({"table":"rides","row":{"rideId":1,"created_by":"ann","timestamp":5,"source":1,)"
            R"("destination":2}})");
}

TEST_F(RidesTest, AFrozenStateStaysAndWritingCanBeStopped) {
  add_user("ann");
  const auto frozen = database_.freeze();
  const auto before = snapshot_of(database_);
  add_user("bob");
  apply(R"({"clear":true})");
  apply(R"({"schema":)" + std::string(kRidesSchema) + "}");
  std::vector<std::string> rows;
  EXPECT_TRUE(frozen->write_rows([&](std::string_view row) {
    rows.emplace_back(row);
    return true;
  }));
  EXPECT_EQ(rows, before);
  for (size_t stop = 0; stop < rows.size(); ++stop) {
    size_t seen = 0;
    EXPECT_FALSE(frozen->write_rows([&](std::string_view) { return seen++ < stop; }));
    EXPECT_EQ(seen, stop + 1);
  }
}

TEST_F(RidesTest, RestoringSaysWhatIsWrong) {
  const std::string schema = "{\"schema\":" + std::string(kRidesSchema) + "}";
  const std::string ann = R"({"table":"users","row":{"username":"ann","password":"x"}})";
  const auto restore_error = [](std::initializer_list<std::string> rows) {
    Database copy;
    copy.reset();
    for (const std::string& row : rows) {
      const Status status = copy.restore_row(row);
      if (status) continue;
      EXPECT_EQ(status.error().kind, ErrorKind::kCorrupt);
      return status.error().message;
    }
    const Status status = copy.finish_restore();
    return status ? std::string("ok") : status.error().message;
  };
  EXPECT_EQ(restore_error({schema, ann}), "ok");
  EXPECT_EQ(restore_error({schema, ann, ann}), "table 'users': a key comes twice");
  EXPECT_EQ(restore_error({schema, schema}), "the schema comes twice");
  EXPECT_EQ(restore_error({ann}), "unknown table 'users'");
  EXPECT_EQ(restore_error({"{"}).substr(0, 8), "not JSON");
  EXPECT_EQ(restore_error({schema, R"({"counters":{"x":1}})"}),
            "counter 'x' is of no table or no integer");
  EXPECT_EQ(restore_error({schema, R"({"counters":7})"}), "counters are no object");
  EXPECT_EQ(restore_error({schema, R"({"table":"riders","row":{"rideId":1,"username":"x"}})"}),
            "table 'riders': a row has no key");
  EXPECT_EQ(restore_error({schema, R"({"table":"rides","row":{"rideId":1,"created_by":"ann",
                                       "timestamp":5,"source":1,"destination":2}})"}),
            "table 'rides', column 'created_by': there is no \"ann\" in table 'users'");
}

}  // namespace
}  // namespace tandem::db

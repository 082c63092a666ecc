// What requests may cost: what is counted, and what is refused.
#include "db/fixture.h"

namespace tandem::db {
namespace {

Limits small_limits() {
  Limits limits;
  limits.read_cost = 300;
  limits.write_cost = 1000;
  limits.answer_bytes = 2000;
  return limits;
}

// Of 200 users and a ride of each.
class CostTest : public DatabaseTest {
 protected:
  CostTest() : DatabaseTest(kRidesSchema, small_limits()) {
    for (int i = 0; i < kUsers; ++i) {
      add_user("u" + std::to_string(i));
      add_ride("u" + std::to_string(i), 1'900'000'000'000 + i, 1 + i % 10, 1);
    }
  }

  uint64_t cost_of(std::string_view query) {
    Meter meter;
    EXPECT_TRUE(database_.query(query, meter).has_value()) << query;
    return meter.used();
  }
  Status admitted(std::string_view command) { return database_.admit(command); }

  static constexpr int kUsers = 200;
};

TEST_F(CostTest, AReadCostsTheRowsThatItLooksAt) {
  EXPECT_EQ(cost_of(R"({"table":"users","where":{"username":"u7"}})"), 2u);
  EXPECT_EQ(cost_of(R"({"table":"users","where":{"username":"nobody"}})"), 1u);
  EXPECT_EQ(cost_of(R"({"table":"rides","count":true,"where":{"source":3}})"), 20u);
  EXPECT_EQ(cost_of(R"({"table":"rides","limit":5})"), 5u + 5u);
  EXPECT_EQ(cost_of(R"({"table":"users","count":true})"), 0u);
  EXPECT_EQ(cost_of(R"({"table":"users","count":true,"where":{"password":"y"}})"), 200u);
  // Putting rows in an order costs as well.
  EXPECT_EQ(cost_of(R"({"table":"rides","where":{"source":3}})"), 20u * 3);
}

TEST_F(CostTest, ManyComparisonsAndLongTextsCostMore) {
  const std::string text(10'000, 'x');
  EXPECT_EQ(cost_of(R"({"table":"users","count":true,"where":{"password":")" + text + R"("}})"),
            200u * 10);
  EXPECT_EQ(cost_of(R"({"table":"users","count":true,)"
                    R"("where":{"password":{"ne":"a","lt":"z","gt":"b","le":"c"}}})"),
            200u * 2);
  std::string values = "\"v0\"";
  for (int i = 1; i < 1000; ++i) values += ",\"v" + std::to_string(i) + "\"";
  EXPECT_EQ(
      cost_of(R"({"table":"users","count":true,"where":{"password":{"in":[)" + values + "]}}}"),
      200u * 3);
}

TEST_F(CostTest, AReadThatCostsTooMuchIsRefusedByName) {
  const std::string scan = R"({"table":"users","count":true,"where":{"password":"y"}})";
  read(scan);
  const Error error = read_error("{\"reads\":[" + scan + "," + scan + "]}");
  EXPECT_EQ(error.kind, ErrorKind::kTooLarge);
  EXPECT_EQ(error.message,
            "read 1: table 'users': to answer this costs more than looking at 300 rows: ask by the "
            "key or the columns of an index, or for less");
}

TEST_F(CostTest, AnAnswerOfTooManyBytesIsRefusedByName) {
  read(R"({"table":"rides","limit":20})");
  const Error error = read_error(R"({"table":"rides","limit":40})");
  EXPECT_EQ(error.kind, ErrorKind::kTooLarge);
  EXPECT_TRUE(error.message.find("more than 2000 bytes") != std::string::npos) << error.message;
}

// All queries of a request are one answer.
TEST_F(CostTest, TheBytesOfAllQueriesCountTogether) {
  const std::string query = R"({"table":"rides","limit":15})";
  read(query);
  EXPECT_EQ(read_error("{\"reads\":[" + query + "," + query + "]}").kind, ErrorKind::kTooLarge);
}

TEST_F(CostTest, AReadIsGivenUpWhereNobodyWaitsForIt) {
  for (int i = 0; i < 50; ++i) {
    for (int user = 0; user < kUsers; ++user) {
      add_ride("u" + std::to_string(user), 1'900'000'000'000, 7, 9);
    }
  }
  Meter meter(UINT64_MAX, [] { return true; });
  const auto answer =
      database_.query(R"({"table":"rides","count":true,"where":{"timestamp":{"gt":5}}})", meter);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::kTimeout);
  EXPECT_LT(meter.used(), 5000u);
}

TEST_F(CostTest, AWriteIsRefusedByWhatItsConditionsAndOperationsLookAt) {
  const std::string scan = R"({"table":"users","where":{"password":"y"},"exists":false})";
  const std::string insert =
      R"({"table":"users","op":"insert","row":{"username":"new","password":"x"}})";
  EXPECT_TRUE(admitted(R"({"if":[)" + scan + R"(],"ops":[)" + insert + "]}").has_value());
  std::string scans = scan;
  for (int i = 1; i < 6; ++i) scans += "," + scan;
  const Status six = admitted(R"({"if":[)" + scans + R"(],"ops":[)" + insert + "]}");
  ASSERT_FALSE(six.has_value());
  EXPECT_EQ(six.error().kind, ErrorKind::kTooLarge);
  EXPECT_EQ(six.error().message,
            "condition 5: table 'users': it costs as much as looking at 200 rows, and the write "
            "may look at 1000: ask by the key or the columns of an index, or for less at a time");
  const std::string update =
      R"({"table":"users","op":"update","where":{"password":"y"},"set":{"password":"z"}})";
  EXPECT_TRUE(admitted(R"({"if":[)" + scan + R"(],"ops":[)" + update + "]}").has_value());
  const Status both = admitted(R"({"if":[)" + scan + "," + scan + R"(],"ops":[)" + update + "]}");
  ASSERT_FALSE(both.has_value());
  EXPECT_TRUE(both.error().message.starts_with("operation 0: ")) << both.error().message;
}

// What is reached by key or index costs what is there, not what the table holds; all rows of a
// table, or what a cascade takes along, were paid for when they were put in.
TEST_F(CostTest, AWriteByKeyOrIndexIsCheap) {
  std::string conditions;
  for (int i = 0; i < 200; ++i) {
    conditions += std::string(i == 0 ? "" : ",") + R"({"table":"users","where":{"username":"u)" +
                  std::to_string(i) + R"("},"exists":true})";
  }
  EXPECT_TRUE(
      admitted(R"({"if":[)" + conditions +
               R"(],"ops":[{"table":"rides","op":"delete","where":{"source":4}},)"
               R"({"table":"rides","op":"update","where":{"rideId":{"lt":50}},"set":{"source":5}},)"
               R"({"table":"users","op":"delete","where":{}}]})")
          .has_value());
}

// What an operation finds may be what those before it have made.
TEST_F(CostTest, AnUpdateThatMeetsWhatOthersHaveChangedIsNotCheap) {
  const std::string all = R"({"table":"rides","op":"update","where":{},"set":{"destination":9}})";
  EXPECT_TRUE(admitted("{\"ops\":[" + all + "]}").has_value());
  EXPECT_EQ(admitted("{\"ops\":[" + all + "," + all + "]}").error().kind, ErrorKind::kTooLarge);
  const std::string none =
      R"({"table":"rides","op":"update","where":{"source":77},"set":{"destination":8}})";
  EXPECT_TRUE(admitted("{\"ops\":[" + none + "," + none + "," + none + "]}").has_value());
  const std::string makes =
      R"({"table":"rides","op":"update","where":{"destination":1},"set":{"source":77}})";
  EXPECT_TRUE(admitted("{\"ops\":[" + makes + "]}").has_value());
  const Status met = admitted("{\"ops\":[" + makes + "," + none + "]}");
  ASSERT_FALSE(met.has_value());
  EXPECT_TRUE(met.error().message.starts_with("operation 1: ")) << met.error().message;
  const std::string by_key =
      R"({"table":"rides","op":"update","where":{"rideId":5},"set":{"source":78}})";
  EXPECT_TRUE(admitted("{\"ops\":[" + makes + "," + by_key + "]}").has_value());
}

// What a write makes of rows takes memory: 1 MB in each of 2000 rows was accepted, and every
// replica ended without memory whenever it applied it.
TEST_F(CostTest, AnUpdateOfManyRowsPaysForTheBytesOfItsTexts) {
  const auto update = [&](size_t bytes) {
    return admitted(R"({"table":"users","op":"update","where":{},"set":{"password":")" +
                    std::string(bytes, 'x') + R"("}})");
  };
  EXPECT_TRUE(update(100).has_value());
  EXPECT_EQ(update(300).error().kind, ErrorKind::kTooLarge);
  EXPECT_TRUE(admitted(R"({"table":"users","op":"update","where":{"username":"u1"},)"
                       R"("set":{"password":")" +
                       std::string(100'000, 'x') + R"("}})")
                  .has_value());
}

TEST_F(CostTest, AnOrderByLongTextsCostsMore) {
  const std::string query =
      R"({"table":"users","columns":["username"],"order":["-password"],"limit":1})";
  EXPECT_EQ(cost_of(query), 200u + 200u + 1u);
  results(R"({"table":"users","op":"update","where":{"username":"u1"},"set":{"password":")" +
          std::string(100'000, 'x') + R"("}})");
  // At most eight comparisons with 100 000 bytes each, a unit for each 16 KiB.
  EXPECT_EQ(cost_of(query), 200u + 200u * (1 + 8 * 100'000 / 16'384) + 1u);
}

// A limit is the leader's to look at: what is in the log is applied by every replica alike.
TEST_F(CostTest, WhatIsInTheLogIsAppliedWhateverItCosts) {
  const std::string scan = R"({"table":"users","where":{"password":"y"},"exists":false})";
  std::string conditions = scan;
  for (int i = 0; i < 50; ++i) conditions += "," + scan;
  results(R"({"if":[)" + conditions +
          R"(],"ops":[{"table":"users","op":"insert","row":{"username":"n","password":"x"}}]})");
}

}  // namespace
}  // namespace tandem::db

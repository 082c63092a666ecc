// Many rows: pg/cursor.h and pg/copy.h.
#include <sys/resource.h>

#include "pg/cursor.h"
#include "pg/fixture.h"

namespace tandem::pg {
namespace {

class StreamsOnServer : public ServerTest {
 protected:
  Cursor::Some next(Cursor& cursor) {
    std::optional<Cursor::Some> some;
    cursor.next([&](Cursor::Some got) { some = std::move(got); });
    EXPECT_FALSE(some) << "completed from inside next()";
    until([&] { return some.has_value(); });
    return std::move(*some);
  }
  Outcome copy(Connection& connection, const std::string& sql, CopySource source) {
    std::optional<Outcome> outcome;
    connection.copy_in(sql, std::move(source), [&](Outcome got) { outcome = std::move(got); });
    EXPECT_FALSE(outcome);
    until([&] { return outcome.has_value(); });
    return std::move(*outcome);
  }
};

// Rows (i, "name i") from `next` up to `end`, some at a time.
CopySource numbers(int64_t& next, int64_t end) {
  return [&next, end](CopyRows& rows) -> Result<CopyNext> {
    Parameters row;
    while (next < end && rows.bytes() < 4096) {
      row.clear();
      row.int64(next).text("name " + std::to_string(next));
      EXPECT_TRUE(rows.add(row));
      ++next;
    }
    return next == end ? CopyNext::kEnd : CopyNext::kMore;
  };
}

TEST_F(StreamsOnServer, ACursorGivesAllRowsInOrder) {
  const auto connection = connected();
  ASSERT_TRUE(run(*connection, Batch(Place::kOpens, "ISOLATION LEVEL REPEATABLE READ READ ONLY")));
  for (const int64_t count : {int64_t{0}, int64_t{1}, int64_t{64}, int64_t{65}, int64_t{20'000}}) {
    Cursor cursor(loop_, *connection, "SELECT n, 'row ' || n FROM generate_series(1, $1::bigint) n",
                  std::move(Parameters().int64(count)), {Type::kInt64, Type::kText}, 16384);
    int64_t seen = 0;
    while (true) {
      const Cursor::Some some = next(cursor);
      ASSERT_TRUE(some) << some.error().error.message;
      if (some->empty()) break;
      for (size_t row = 0; row < some->size(); ++row) {
        ++seen;
        ASSERT_EQ(some->int64(row, 0), seen);
        ASSERT_EQ(some->text(row, 1), "row " + std::to_string(seen));
      }
      EXPECT_LT(some->bytes(), 3U * 16384U);
    }
    EXPECT_EQ(seen, count);
  }
  EXPECT_TRUE(run(*connection, Batch(Place::kCloses)));
}

// What the sanitizers keep of freed memory is more than what is measured here.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryIsMeasured = false;
#else
constexpr bool kMemoryIsMeasured = true;
#endif

// KiB, the most that there ever was.
long peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return kMemoryIsMeasured ? usage.ru_maxrss : 0;
}

TEST_F(StreamsOnServer, TwoHundredMegabytesGoThroughALittleMemory) {
  const auto connection = connected();
  const long before = peak_memory();
  // By a cursor, whose owner takes its time: not more than two fetches wait.
  ASSERT_TRUE(run(*connection, Batch(Place::kOpens)));
  Cursor cursor(loop_, *connection, "SELECT repeat('x', 100000) FROM generate_series(1, 2000)", {},
                {Type::kText});
  size_t bytes = 0;
  while (true) {
    const Cursor::Some some = next(cursor);
    ASSERT_TRUE(some) << some.error().error.message;
    if (some->empty()) break;
    bytes += some->bytes();
    until([&] { return connection->outstanding() == 0; });
  }
  EXPECT_EQ(bytes, 200'000'000U);
  ASSERT_TRUE(run(*connection, Batch(Place::kCloses)));
  // By many batches on the way at once, that answer at length.
  size_t done = 0;
  for (int i = 0; i < 200; ++i) {
    connection->run(one("SELECT repeat('x', 1000000)", {}, {Type::kText}),
                    [&](const Outcome& outcome) {
                      ASSERT_TRUE(outcome);
                      EXPECT_EQ(outcome->front().bytes(), 1'000'000U);
                      ++done;
                    });
  }
  EXPECT_EQ(connection->in_flight(), 200U);
  until([&] { return done == 200; });
  EXPECT_LT(peak_memory() - before, 30'000);
}

// All parameters are larger than what a socket takes: both sides write at the same time, and
// neither waits until the other has read.
TEST_F(StreamsOnServer, MuchInBothDirectionsAtOnceDoesNotStandStill) {
  const auto connection = connected();
  const std::string text(1'500'000, 'x');
  size_t done = 0;
  for (int i = 0; i < 40; ++i) {
    Batch batch;
    for (int k = 0; k < 2; ++k) {
      batch.add("SELECT $1", std::move(Parameters().text(text)), {Type::kText});
    }
    connection->run(std::move(batch), [&](const Outcome& outcome) {
      ASSERT_TRUE(outcome) << outcome.error().error.message;
      EXPECT_EQ(outcome->back().text(0, 0).size(), text.size());
      ++done;
    });
    if (i % 15 == 14) until([&] { return connection->outstanding() == 0; });
  }
  until([&] { return done == 40; });
}

TEST_F(StreamsOnServer, ACursorThatFailsSaysSoAndTheTransactionIsOver) {
  const auto connection = connected();
  ASSERT_TRUE(run(*connection, Batch(Place::kOpens)));
  Cursor cursor(loop_, *connection, "SELECT 1/(200 - n) FROM generate_series(1, 1000) n", {},
                {Type::kInt64});
  Cursor::Some some = next(cursor);
  while (some && !some->empty()) some = next(cursor);
  ASSERT_FALSE(some);
  EXPECT_EQ(some.error().sqlstate, "22012");
  EXPECT_TRUE(run(*connection, one("SELECT 1")));
}

TEST_F(StreamsOnServer, ACursorMayGoBeforeItsEnd) {
  const auto connection = connected();
  ASSERT_TRUE(run(*connection, Batch(Place::kOpens)));
  {
    Cursor cursor(loop_, *connection, "SELECT n FROM generate_series(1, 100000) n", {},
                  {Type::kInt64});
    ASSERT_TRUE(next(cursor));
  }
  EXPECT_TRUE(run(*connection, Batch(Place::kCloses)));
}

TEST_F(StreamsOnServer, CopyLoadsAllTypesBetweenOtherBatches) {
  const auto connection = connected();
  must(*connection,
       {"CREATE TEMPORARY TABLE loaded (n bigint, t text, b boolean, ts text[], ns bigint[])"});
  std::vector<std::optional<Outcome>> outcomes(2);
  connection->run(one("INSERT INTO loaded VALUES (1)"),
                  [&](Outcome got) { outcomes[0] = std::move(got); });
  std::optional<Outcome> copied;
  connection->copy_in(
      "COPY loaded FROM STDIN (FORMAT binary)",
      [](CopyRows& rows) -> Result<CopyNext> {
        const std::vector<std::optional<std::string_view>> texts = {"a", std::nullopt, "", "é"};
        const std::vector<int64_t> ids = {1, INT64_MIN};
        Parameters row;
        row.int64(2).text("two\\\t\n").boolean(true).text_array(texts).int64_array(ids);
        EXPECT_TRUE(rows.add(row));
        row.clear();
        row.int64(3)
            .null(Type::kText)
            .null(Type::kBool)
            .null(Type::kTextArray)
            .null(Type::kInt64Array);
        EXPECT_TRUE(rows.add(row));
        return CopyNext::kEnd;
      },
      [&](Outcome got) { copied = std::move(got); });
  connection->run(one("SELECT count(*) FROM loaded", {}, {Type::kInt64}),
                  [&](Outcome got) { outcomes[1] = std::move(got); });
  until([&] { return outcomes[1].has_value(); });
  ASSERT_TRUE(*outcomes[0]);
  ASSERT_TRUE(*copied) << copied->error().error.message;
  EXPECT_EQ((*copied)->front().affected(), 2U);
  ASSERT_TRUE(*outcomes[1]);
  EXPECT_EQ((*outcomes[1])->front().int64(0, 0), 3);
  EXPECT_EQ(text(*connection, "SELECT t || ts::text || ns::text FROM loaded WHERE n = 2"),
            "two\\\t\n{a,NULL,\"\",é}{1,-9223372036854775808}");
}

TEST_F(StreamsOnServer, CopyLoadsManyRowsAndNone) {
  const auto connection = connected();
  must(*connection, {"CREATE TEMPORARY TABLE many (n bigint, t text)"});
  const std::string sql = "COPY many (n, t) FROM STDIN (FORMAT binary)";
  for (const int64_t count : {int64_t{0}, int64_t{100'000}}) {
    int64_t sent = 0;
    const Outcome outcome = copy(*connection, sql, numbers(sent, count));
    ASSERT_TRUE(outcome) << outcome.error().error.message;
    EXPECT_EQ(outcome->front().affected(), static_cast<uint64_t>(count));
  }
  EXPECT_EQ(number(*connection, "SELECT sum(n)::bigint FROM many"), 4'999'950'000);
}

TEST_F(StreamsOnServer, CopyWaitsForItsSource) {
  const auto connection = connected();
  must(*connection, {"CREATE TEMPORARY TABLE slowly (n bigint)"});
  int asked = 0;
  std::optional<Outcome> outcome;
  connection->copy_in(
      "COPY slowly FROM STDIN (FORMAT binary)",
      [&](CopyRows& rows) -> Result<CopyNext> {
        if (++asked % 2 == 1) return CopyNext::kWait;
        EXPECT_TRUE(rows.add(Parameters().int64(asked)));
        return asked < 6 ? CopyNext::kMore : CopyNext::kEnd;
      },
      [&](Outcome got) { outcome = std::move(got); });
  for (int i = 1; i <= 5; i += 2) {
    until([&] { return asked == i; });
    EXPECT_FALSE(outcome);
    connection->copy_on();
  }
  until([&] { return outcome.has_value(); });
  ASSERT_TRUE(*outcome) << outcome->error().error.message;
  EXPECT_EQ((*outcome)->front().affected(), 3U);
}

TEST_F(StreamsOnServer, CopyThatFailsLeavesNothing) {
  const auto connection = connected();
  must(*connection, {"CREATE TEMPORARY TABLE strict (n bigint UNIQUE, t text)"});
  const std::string sql = "COPY strict FROM STDIN (FORMAT binary)";
  // By the server.
  const Outcome twice = copy(*connection, sql, [](CopyRows& rows) -> Result<CopyNext> {
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(rows.add(Parameters().int64(1).text("x")));
    return CopyNext::kEnd;
  });
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().error.kind, ErrorKind::kConflict);
  // By its source.
  const Outcome given_up = copy(*connection, sql, [](CopyRows& rows) -> Result<CopyNext> {
    EXPECT_TRUE(rows.add(Parameters().int64(1).text("x")));
    return fail(ErrorKind::kCorrupt, "the snapshot is damaged");
  });
  ASSERT_FALSE(given_up);
  EXPECT_EQ(given_up.error().error.kind, ErrorKind::kCorrupt);
  // By what it is.
  int64_t sent = 0;
  EXPECT_FALSE(copy(*connection, "COPY nowhere FROM STDIN (FORMAT binary)", numbers(sent, 10)));
  EXPECT_EQ(number(*connection, "SELECT count(*) FROM strict"), 0);
  // In a transaction.
  ASSERT_TRUE(run(*connection, Batch(Place::kOpens)));
  sent = 0;
  ASSERT_FALSE(copy(*connection, "COPY nowhere FROM STDIN (FORMAT binary)", numbers(sent, 10)));
  EXPECT_FALSE(run(*connection, Batch(Place::kCloses)));
  EXPECT_TRUE(run(*connection, one("SELECT 1")));
  CopyRows rows;
  EXPECT_FALSE(rows.add(Parameters().text(std::string_view("\0", 1))));
  EXPECT_EQ(rows.bytes(), 0U);
}

TEST_F(StreamsOnServer, CopyIsPartOfATransaction) {
  const auto connection = connected();
  const auto other = connected();
  must(*connection, {"DROP TABLE IF EXISTS together", "CREATE TABLE together (n bigint, t text)"});
  ASSERT_TRUE(run(*connection, Batch(Place::kOpens)));
  int64_t sent = 0;
  ASSERT_TRUE(copy(*connection, "COPY together FROM STDIN (FORMAT binary)", numbers(sent, 1000)));
  EXPECT_EQ(number(*other, "SELECT count(*) FROM together"), 0);
  ASSERT_TRUE(run(*connection, Batch(Place::kCloses)));
  EXPECT_EQ(number(*other, "SELECT count(*) FROM together"), 1000);
}

TEST_F(StreamsOnServer, ACopyWhoseConnectionGoesIsOfUnknownOutcome) {
  const auto admin = connected();
  const auto connection = connected();
  must(*connection, {"DROP TABLE IF EXISTS goes", "CREATE TABLE goes (n bigint, t text)"});
  std::optional<Outcome> outcome;
  bool asked = false;
  connection->copy_in(
      "COPY goes FROM STDIN (FORMAT binary)",
      [&](CopyRows&) -> Result<CopyNext> {
        asked = true;
        return CopyNext::kWait;
      },
      [&](Outcome got) { outcome = std::move(got); });
  until([&] { return asked; });
  must(*admin, {"SELECT pg_terminate_backend(" + std::to_string(connection->backend_pid()) + ")"});
  until([&] { return outcome.has_value(); });
  ASSERT_FALSE(*outcome);
  EXPECT_EQ(outcome->error().error.kind, ErrorKind::kUnknown);
}

}  // namespace
}  // namespace tandem::pg

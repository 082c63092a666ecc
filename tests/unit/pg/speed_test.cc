// How fast it is: figures, no tests. Run by hand:
//   pg_test --gtest_also_run_disabled_tests --gtest_filter='SpeedOnServer.*'
// on a server of one's own where PG_TEST_CONNINFO has it; it makes a table named users there.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "pg/cursor.h"
#include "pg/fixture.h"

namespace tandem::pg {
namespace {

class SpeedOnServer : public ServerTest {
 protected:
  std::unique_ptr<Connection> its_connection() {
    const char* conninfo = std::getenv("PG_TEST_CONNINFO");
    return conninfo == nullptr ? connected() : connected(options(conninfo));
  }
  static double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  static double cpu() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }
  void tell(const std::string& what, int64_t count, double seconds, double cpu_seconds) {
    std::printf("%-44s %9.0f/s  %6.2f us of CPU here each\n", what.c_str(),
                static_cast<double>(count) / seconds,
                cpu_seconds * 1e6 / static_cast<double>(count));
    std::fflush(stdout);
  }
  // 1 000 000 users, loaded by COPY.
  void load(Connection& connection) {
    must(connection,
         {"DROP TABLE IF EXISTS users",
          "CREATE TABLE users (key text COLLATE \"C\" PRIMARY KEY, name text, age bigint)"});
    const double began = now();
    const double cpu_began = cpu();
    int64_t next = 0;
    std::optional<Outcome> outcome;
    connection.copy_in(
        "COPY users FROM STDIN (FORMAT binary)",
        [&next](CopyRows& rows) -> Result<CopyNext> {
          Parameters row;
          while (next < kUsers && rows.bytes() < 65536) {
            row.clear();
            row.text(key(next)).text("name of " + std::to_string(next)).int64(next % 100);
            EXPECT_TRUE(rows.add(row));
            ++next;
          }
          return next == kUsers ? CopyNext::kEnd : CopyNext::kMore;
        },
        [&](Outcome got) { outcome = std::move(got); });
    until([&] { return outcome.has_value(); });
    ASSERT_TRUE(*outcome);
    tell("load 1M rows by COPY FROM STDIN", kUsers, now() - began, cpu() - cpu_began);
    must(connection, {"VACUUM ANALYZE users"});
  }
  static std::string key(int64_t number) {
    char text[16];
    std::snprintf(text, sizeof text, "user-%08d", static_cast<int>(number));
    return text;
  }

  static constexpr int64_t kUsers = 1'000'000;
};

TEST_F(SpeedOnServer, DISABLED_ReadsByKey) {
  const auto connection = its_connection();
  load(*connection);
  for (const size_t size : {size_t{1}, size_t{16}, size_t{64}, size_t{256}}) {
    for (const size_t ahead : {size_t{1}, size_t{4}}) {
      const int64_t batches = static_cast<int64_t>(size < 16 ? 20'000 : 400'000 / size);
      int64_t sent = 0;
      int64_t done = 0;
      const double began = now();
      const double cpu_began = cpu();
      UniqueFunction<void()> send = [&] {
        Batch batch;
        for (size_t i = 0; i < size; ++i) {
          batch.add("SELECT name, age FROM users WHERE key = $1",
                    std::move(Parameters().text(key(std::rand() % kUsers))),
                    {Type::kText, Type::kInt64});
        }
        ++sent;
        connection->run(std::move(batch), [&](const Outcome& outcome) {
          EXPECT_EQ(outcome->back().size(), 1U);
          ++done;
          if (sent < batches) send();
        });
      };
      for (size_t i = 0; i < ahead; ++i) send();
      until([&] { return done == batches; });
      tell("reads by key, batches of " + std::to_string(size) + ", " + std::to_string(ahead) +
               " on the way",
           batches * static_cast<int64_t>(size), now() - began, cpu() - cpu_began);
    }
  }
}

TEST_F(SpeedOnServer, DISABLED_ManyRows) {
  const auto connection = its_connection();
  load(*connection);
  for (const size_t fetch_bytes : {size_t{64} << 10, size_t{256} << 10, size_t{1} << 20}) {
    ASSERT_TRUE(
        run(*connection, Batch(Place::kOpens, "ISOLATION LEVEL REPEATABLE READ READ ONLY")));
    const double began = now();
    const double cpu_began = cpu();
    int64_t rows = 0;
    bool over = false;
    Cursor cursor(loop_, *connection, "SELECT key, name, age FROM users ORDER BY key", {},
                  {Type::kText, Type::kText, Type::kInt64}, fetch_bytes);
    UniqueFunction<void(Cursor::Some)> take;
    const auto ask = [&] { cursor.next([&](Cursor::Some some) { take(std::move(some)); }); };
    take = [&](Cursor::Some some) {
      rows += static_cast<int64_t>(some->size());
      over = some->empty();
      if (!over) ask();
    };
    ask();
    until([&] { return over; });
    EXPECT_EQ(rows, kUsers);
    tell("read 1M rows by key, FETCH of " + std::to_string(fetch_bytes >> 10) + " KiB", rows,
         now() - began, cpu() - cpu_began);
    ASSERT_TRUE(run(*connection, Batch(Place::kCloses)));
  }
  const double began = now();
  const std::string command = "psql -q '" + server_.conninfo("postgres") +
                              "' -c 'COPY (SELECT key, name, age FROM users ORDER BY key) TO "
                              "STDOUT (FORMAT binary)' >/dev/null";
  if (std::getenv("PG_TEST_CONNINFO") == nullptr) {
    EXPECT_EQ(std::system(command.c_str()), 0);
    tell("the same by COPY TO STDOUT (psql)", kUsers, now() - began, 0);
  }

  must(*connection, {"TRUNCATE users"});
  const double insert_began = now();
  const double cpu_began = cpu();
  for (int64_t next = 0; next < 200'000;) {
    std::vector<std::string> keys;
    std::vector<std::string> names;
    std::vector<int64_t> ages;
    for (int i = 0; i < 1000; ++i, ++next) {
      keys.push_back(key(next));
      names.push_back("name of " + std::to_string(next));
      ages.push_back(next % 100);
    }
    ASSERT_TRUE(
        run(*connection,
            one("INSERT INTO users SELECT * FROM unnest($1, $2, $3)",
                std::move(Parameters().text_array(keys).text_array(names).int64_array(ages)))));
  }
  tell("load 200k rows by INSERT of unnest, 1000 each", 200'000, now() - insert_began,
       cpu() - cpu_began);
}

}  // namespace
}  // namespace tandem::pg

// What the database costs without log and network: from the text of a command or query to the text
// of the answer. The argument is the number of users that are there (and as many rides), so that a
// cost that grows with the table shows.
#include <benchmark/benchmark.h>

#include <random>

#include "base/check.h"
#include "db/database.h"

namespace tandem::db {
namespace {

constexpr std::string_view kSchema = R"({"schema":{
  "users":{"key":"username","columns":[
     {"name":"username","type":"text"},{"name":"password","type":"text"}]},
  "rides":{"key":"rideId","auto_increment":true,"columns":[
     {"name":"rideId","type":"integer"},
     {"name":"created_by","type":"text","references":"users","on_delete":"cascade"},
     {"name":"timestamp","type":"timestamp"},
     {"name":"source","type":"integer"},
     {"name":"destination","type":"integer"}],
   "indexes":[["source","destination","timestamp"]]}}})";
constexpr int64_t kAreas = 198;

std::string user_name(int64_t number) { return "user" + std::to_string(number); }

std::string insert_user(int64_t number) {
  const std::string name = user_name(number);
  return R"({"if":[{"table":"users","where":{"username":")" + name +
         R"("},"exists":false}],"ops":[{"table":"users","op":"insert","row":{"username":")" + name +
         R"(","password":"0123456789abcdef0123456789abcdef01234567"}}]})";
}

std::string insert_ride(int64_t number, int64_t user) {
  return R"({"table":"rides","op":"insert","row":{"created_by":")" + user_name(user) +
         R"(","timestamp":)" + std::to_string(1'900'000'000'000 + number) + R"(,"source":)" +
         std::to_string(number % kAreas + 1) + R"(,"destination":)" +
         std::to_string(number / kAreas % kAreas + 1) + "}}";
}

void carry_out(Database& database, std::string_view command) {
  wire::Entry entry;
  entry.index = 1;
  entry.payload = command;
  const repl::Applied applied = database.apply(entry);
  CHECK_MSG(applied.status == 200, applied.body);
}

void fill(Database& database, int64_t users) {
  carry_out(database, kSchema);
  for (int64_t i = 0; i < users; ++i) carry_out(database, insert_user(i));
  for (int64_t i = 0; i < users; ++i) carry_out(database, insert_ride(i, i));
}

std::string read(const Database& database, std::string_view query) {
  auto answer = database.query(query);
  CHECK(answer.has_value());
  return std::move(*answer);
}

void insert_users(benchmark::State& state) {
  Database database;
  fill(database, state.range(0));
  int64_t next = state.range(0);
  for (auto _ : state) carry_out(database, insert_user(next++));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(insert_users)->Arg(1000)->Arg(100'000);

void insert_rides(benchmark::State& state) {
  Database database;
  fill(database, state.range(0));
  int64_t next = state.range(0);
  for (auto _ : state) {
    carry_out(database, insert_ride(next, next % state.range(0)));
    ++next;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(insert_rides)->Arg(1000)->Arg(100'000);

void read_by_key(benchmark::State& state) {
  Database database;
  fill(database, state.range(0));
  std::mt19937_64 random(1);
  for (auto _ : state) {
    const auto user = static_cast<int64_t>(random() % static_cast<uint64_t>(state.range(0)));
    const std::string query =
        R"({"table":"users","where":{"username":")" + user_name(user) + R"("}})";
    benchmark::DoNotOptimize(read(database, query));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(read_by_key)->Arg(1000)->Arg(100'000);

void search_route(benchmark::State& state) {
  Database database;
  fill(database, state.range(0));
  int64_t route = 0;
  for (auto _ : state) {
    const std::string query = R"({"table":"rides","columns":["rideId","created_by","timestamp"],)"
                              R"("where":{"source":)" +
                              std::to_string(route++ % kAreas + 1) +
                              R"(,"destination":1,"timestamp":{"gt":1800000000000}},)"
                              R"("order":["timestamp","rideId"]})";
    benchmark::DoNotOptimize(read(database, query));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(search_route)->Arg(1000)->Arg(100'000);

void list_users(benchmark::State& state) {
  Database database;
  fill(database, state.range(0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        read(database, R"({"table":"users","columns":["username"],"order":["username"]})"));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(list_users)->Arg(1000)->Arg(100'000);

// The time for which applying stops, with the copies that the writes after it make.
void freeze_then_write(benchmark::State& state) {
  Database database;
  fill(database, state.range(0));
  int64_t next = state.range(0);
  for (auto _ : state) {
    benchmark::DoNotOptimize(database.freeze());
    carry_out(database, insert_user(next++));
  }
}
BENCHMARK(freeze_then_write)->Arg(1000)->Arg(100'000);

void write_and_restore_snapshot(benchmark::State& state) {
  Database database;
  fill(database, state.range(0));
  for (auto _ : state) {
    Database copy;
    copy.reset();
    database.freeze()->write_rows(
        [&](std::string_view row) { return copy.restore_row(row).has_value(); });
    CHECK(copy.finish_restore().has_value());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0) * 2);
}
BENCHMARK(write_and_restore_snapshot)->Arg(1000)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tandem::db

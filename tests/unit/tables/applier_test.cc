// Commands by the applier of PostgreSQL and by the one in memory: the same answers, and the same bytes
// of a snapshot, whatever the batches and whatever happens to the sessions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pg/conninfo.h"
#include "pg/fault_proxy.h"
#include "tables/applier_fixture.h"

namespace tandem::tables {
namespace {

TEST_F(ApplierOnServer, AnswersAsTheOneInMemory) {
  for (uint64_t seed = 1; seed <= seeds(); ++seed) {
    start(seed);
    log_schema(db::kEveryKindSchema);
    for (int i = 0; i < 4; ++i) {
      log_some(500);
      apply_all();
    }
    compare();
    ASSERT_FALSE(HasFatalFailure()) << "seed " << seed;
  }
}

TEST_F(ApplierOnServer, ChangesTheSchemaAsTheOneInMemory) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    start(seed);
    for (const std::string& schema : schemas()) {
      log_schema(schema);
      log_some(60);
    }
    apply_all();
    compare();
    ASSERT_FALSE(HasFatalFailure()) << "seed " << seed;
  }
}

// What is written back is what became of the rows, whatever values went from one to the other on the
// way.
TEST_F(ApplierOnServer, UniqueValuesGoFromRowToRow) {
  start(11);
  log_schema(R"({"t":{"key":"k","columns":[{"name":"k","type":"integer"},
    {"name":"u","type":"text","null":true}],"indexes":[{"columns":["u"],"unique":true}]}})");
  const auto put = [](int key, const std::string& value) {
    return R"({"table":"t","op":"upsert","row":{"k":)" + std::to_string(key) + R"(,"u":")" + value +
           "\"}}";
  };
  for (const auto& [key, value] : {std::pair(1, "a"), {2, "b"}, {3, "c"}}) {
    log_command(put(key, value), "");
  }
  apply_all();
  // In a circle, in both orders of keys, and one that was deleted.
  log_command(R"({"ops":[)" + put(1, "x") + "," + put(2, "a") + "," + put(3, "b") + "," +
                  put(1, "c") + "]}",
              "");
  log_command(R"({"ops":[)" + put(3, "x") + "," + put(2, "b") + "," + put(1, "a") + "," +
                  put(3, "c") + "]}",
              "");
  log_command(R"({"ops":[{"table":"t","op":"delete","where":{"k":3}},)" + put(1, "c") + "," +
                  put(3, "a") + "]}",
              "");
  apply_all();
  compare();
}

// The tables are taken over well each time, and the entry is refused each time.
TEST_F(ApplierOnServer, SaysWhatPostgresRefusesUntilItIsCarriedOut) {
  start(12);
  log_schema(R"({"t":{"key":"k","columns":[{"name":"k","type":"integer"}]}})");
  apply_all();
  const auto person = connected(options(server_.conninfo("applier")));
  must(*person, {"ALTER TABLE t ADD CONSTRAINT small CHECK (k < 5)"});
  log_command(R"({"table":"t","op":"insert","row":{"k":7}})", "");
  log_.give(*applier_, 1);
  until([&] { return applier_->trouble().find("\"small\"") != std::string::npos; });
  must(*person, {"ALTER TABLE t DROP CONSTRAINT small"});
  until([&] { return !log_.in_batch(); });
  EXPECT_EQ(applier_->trouble(), "");
  compare();
}

// One that ends for want of space is only seen to be gone.
TEST_F(ApplierOnServer, AFullDiskIsToldWhileTheServerIsGone) {
  start(15);
  log_schema(R"({"t":{"key":"k","columns":[{"name":"k","type":"integer"}]}})");
  apply_all();
  must(*connected(options(server_.conninfo("applier"))),
       {"CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION "
        "'cannot extend: No space left on device' USING ERRCODE = '53100'; END$$",
        "CREATE TRIGGER no_space BEFORE INSERT ON t EXECUTE FUNCTION no_space()"});
  log_command(R"({"table":"t","op":"insert","row":{"k":7}})", "");
  log_.give(*applier_, 1);
  const auto says = [&](const char* words) {
    return applier_->trouble().find(words) != std::string::npos;
  };
  until([&] { return says("No space left on device (53100)"); });
  server_.stop(SIGQUIT);
  until([&] { return says("cannot connect to PostgreSQL"); });
  EXPECT_TRUE(says("; before that: PostgreSQL: cannot extend: No space left on device (53100)"))
      << applier_->trouble();
  server_.start();
  must(*connected(options(server_.conninfo("applier"))), {"DROP TRIGGER no_space ON t"});
  until([&] { return !log_.in_batch(); });
  EXPECT_EQ(applier_->trouble(), "");
  compare();
}

constexpr std::string_view kNotes = R"({"notes":{"key":"id","columns":[
    {"name":"id","type":"integer"},{"name":"state","type":"text"},{"name":"text","type":"text"},
    {"name":"list","type":"list of text","null":true}]}})";

std::string note(int id, const std::string& state, const std::string& text) {
  return R"({"table":"notes","op":"upsert","row":{"id":)" + std::to_string(id) + R"(,"state":")" +
         state + R"(","text":")" + text + R"(","list":["a",")" + text + R"("]}})";
}

// More than goes to PostgreSQL at once: it was refused for ever, by every replica.
TEST_F(ApplierOnServer, LongTextsThatNothingComparesStayWhereTheyAre) {
  start(15);
  PostgresOptions wanted = applier_options();
  wanted.group_limits.memory_bytes = UINT64_MAX;
  ASSERT_TRUE(begin_with(std::move(wanted)));
  log_schema(kNotes);
  const std::string text(450'000, 'x');
  for (int i = 0; i < 80; ++i) log_command(note(i, "new", text + std::to_string(i)), "");
  apply_all();
  log_command(R"({"table":"notes","op":"update","where":{},"set":{"state":"old"}})", "");
  // In one group: a row that is whole, some of which more is set than of others, and some that go.
  log_command(note(3, "put", "short"), "");
  log_command(R"({"table":"notes","op":"update","where":{"id":{"lt":6}},"set":{"text":"set"}})",
              "");
  log_command(R"({"table":"notes","op":"update","where":{"id":{"gt":70}},"set":{"list":null}})",
              "");
  log_command(R"({"table":"notes","op":"delete","where":{"id":{"in":[4,5,71]}}})", "");
  apply_all();
  compare();
  log_command(R"({"table":"notes","op":"update","where":{"text":"set"},"set":{"text":"none"}})",
              "");
  apply_all();
  compare();
}

// What an update sets in many rows: some at a time, in one transaction.
TEST_F(ApplierOnServer, MuchIsWrittenBackInParts) {
  start(16);
  log_schema(kNotes);
  for (int i = 0; i < 200; ++i) log_command(note(i, "", ""), "");
  const std::string text(400'000, 'x');
  log_command(R"({"table":"notes","op":"update","where":{},"set":{"text":")" + text + R"("}})", "");
  apply_all();
  compare();
}

// Before anything is logged, by name; and what is logged all the same is answered as everywhere.
TEST_F(ApplierOnServer, WhatWouldTakeTooMuchMemoryIsNotLetIn) {
  start(17);
  log_schema(kNotes);
  const std::string text(10'000, 'x');
  for (int i = 0; i < 200; ++i) log_command(note(i, "new", text), "");
  apply_all();
  PostgresOptions wanted = applier_options();
  wanted.limits.write_memory_bytes = 1u << 20;
  const auto begun = begin_with(std::move(wanted));
  ASSERT_TRUE(begun) << begun.error().message;
  const std::string update = R"({"table":"notes","op":"update","where":{},"set":{"state":"old"}})";
  const Status refused = applier_->admit(update, "");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kTooLarge);
  EXPECT_THAT(refused.error().message,
              testing::StartsWith("operation 0: table 'notes': it takes about 4 MiB of memory, and "
                                  "the write may take 1 MiB (limits.write_memory)"));
  EXPECT_EQ(value("SELECT applied::text FROM tandem.meta"), std::to_string(log_.index()));
  for (const char* small :
       {R"({"table":"notes","op":"update","where":{"id":{"in":[1,2,3]}},"set":{"state":"old"}})",
        R"({"table":"notes","op":"delete","where":{"state":"new"}})",
        R"({"table":"notes","op":"delete","where":{}})", R"({"clear":true})"}) {
    EXPECT_TRUE(applier_->admit(small, "")) << small;
  }
  log_command(update, "");
  apply_all();
  compare();
}

// Which did not count how long texts are; or has written once more, when it was put back for a while.
TEST_F(ApplierOnServer, TablesOfAnEarlierVersionAreMadeAnew) {
  start(18);
  log_schema(kNotes);
  const std::string never = "ALTER TABLE tandem.meta DROP COLUMN text_bytes, DROP COLUMN counted";
  const std::string since = "UPDATE tandem.meta SET counted = counted - 1";
  const std::string with_columns = since + ", text_bytes = text_bytes[1:1]";
  int id = 0;
  for (const std::string& was : {never, since, with_columns, never}) {
    log_command(note(++id, "", "text"), "");
    apply_all();
    const auto person = connected(options(server_.conninfo("applier")));
    must(*person, {was});
    make_applier();
    EXPECT_EQ(log_.index(), log_.snapshot.index) << was;
    apply_all();
    compare();
    keep_snapshot();
  }
}

// All that a row takes with it, however far down.
TEST_F(ApplierOnServer, AChainOfReferencesGoesAtOnce) {
  start(14);
  log_schema(R"({"n":{"key":"k","columns":[{"name":"k","type":"integer"},
    {"name":"up","type":"integer","null":true,"references":"n","on_delete":"cascade"}]}})");
  constexpr int kRows = 3000;
  for (int i = 0; i < kRows; ++i) {
    log_command(R"({"table":"n","op":"insert","row":{"k":)" + std::to_string(i) +
                    ",\"up\":" + (i == 0 ? "null" : std::to_string(i - 1)) + "}}",
                "");
  }
  apply_all();
  log_command(R"({"table":"n","op":"delete","where":{"k":5}})", "");
  log_command(R"({"table":"n","op":"insert","row":{"k":7000,"up":4}})", "");
  log_command(R"({"table":"n","op":"delete","where":{"k":0}})", "");
  apply_all();
  compare();
}

// As restoring a dump into the database of a running worker does: rows, keys and meta of a moment
// before.
TEST_F(ApplierOnServer, TablesThatWerePutBackAreBroughtUpToDate) {
  start(13);
  log_schema(db::kEveryKindSchema);
  log_some(200);
  apply_all();
  const auto person = connected(options(server_.conninfo("applier")));
  must(*person, {"CREATE SCHEMA old", "CREATE TABLE old.meta AS TABLE tandem.meta",
                 "CREATE TABLE old.keys AS TABLE tandem.keys"});
  const std::vector<std::string> tables{"teams", "users", "rides", "riders", "nodes"};
  for (const std::string& table : tables) {
    must(*person, {"CREATE TABLE old." + table + " AS TABLE public." + table});
  }
  log_some(200);
  apply_all();
  std::vector<std::string> puts_back{"BEGIN"};
  for (const std::string table : {"tandem.keys", "tandem.meta"}) {
    puts_back.push_back("DELETE FROM " + table);
    puts_back.push_back("INSERT INTO " + table + " TABLE old." + table.substr(7));
  }
  for (const std::string& table : tables) {
    puts_back.push_back("DELETE FROM public." + table);
    puts_back.push_back("INSERT INTO public." + table + " TABLE old." + table);
  }
  puts_back.emplace_back("COMMIT");
  must(*person, puts_back);
  log_some(50);
  apply_all();
  EXPECT_EQ(log_.went_back_times, 1);
  compare();
}

// Between any two bytes, each way.
TEST_F(ApplierOnServer, LosesNothingWhereConnectionsAreCut) {
  const std::string directory = server_.make_directory("cut");
  pg::FaultProxy proxy(loop_, directory, server_.directory());
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    host_ = directory;
    proxy.plan(pg::Fault::kNone, true, 0);
    start(seed);
    log_schema(db::kEveryKindSchema);
    log_some(1000);
    int cuts = 0;
    const auto plan = [&] {
      proxy.plan(pg::Fault::kCut, random_() % 3 == 0, 1000 + random_() % 40'000);
      ++cuts;
    };
    plan();
    meanwhile_ = [&] {
      if (proxy.has_happened()) plan();
    };
    while (!log_.done()) {
      if (random_() % 16 == 0) make_applier();  // the process was killed
      log_.give(*applier_, 1 + random_() % 60);
      until([&] {
        meanwhile_();
        return !log_.in_batch();
      });
    }
    meanwhile_ = {};
    EXPECT_GT(cuts, 5);
    // Whatever was answered was committed, and the server has not ended.
    EXPECT_EQ(log_.went_back_times, 0);
    proxy.plan(pg::Fault::kNone, true, 0);
    proxy.cut();
    compare();
    ASSERT_FALSE(HasFatalFailure()) << "seed " << seed;
  }
}

TEST_F(ApplierOnServer, LosesNothingWhereBackendsAndTheServerAreKilled) {
  start(5);
  log_schema(db::kEveryKindSchema);
  for (int round = 0; round < 12; ++round) {
    log_some(60);
    log_.give(*applier_, 40);
    if (round % 3 == 0) {
      server_.stop(SIGQUIT);
      server_.start();
    } else {
      const auto killer = connected();
      number(*killer,
             "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
             "WHERE datname = 'applier'");
    }
    apply_all();
  }
  compare();
}

TEST_F(ApplierOnServer, BeginsWithASnapshotAndGoesOn) {
  start(6);
  log_schema(db::kEveryKindSchema);
  log_some(500);
  apply_all();
  keep_snapshot();
  log_some(200);
  // A database of nothing.
  make_database("applier2");
  database_name_ = "applier2";
  make_applier();
  EXPECT_EQ(log_.index(), log_.snapshot.index);
  apply_all();
  compare();
  // Tables that are of another disk, or that the log does not go on from, are made anew.
  log_.member.storage_id = 78;
  make_applier();
  EXPECT_EQ(log_.index(), log_.snapshot.index);
  apply_all();
  log_.entries.resize(log_.snapshot.index);
  log_.answers.erase(log_.answers.upper_bound(log_.snapshot.index), log_.answers.end());
  make_applier();
  EXPECT_EQ(log_.index(), log_.snapshot.index);
  log_some(50);
  apply_all();
  compare();
}

TEST_F(ApplierOnServer, ASnapshotTakesThePlaceOfTheState) {
  start(7);
  log_schema(db::kEveryKindSchema);
  log_some(400);
  apply_all();
  keep_snapshot();
  // Another replica, which has come less far.
  make_database("applier2");
  database_name_ = "applier2";
  Log full = log_;
  log_.snapshot = {};
  log_.snapshot_rows.clear();
  log_.entries.resize(100);
  make_applier();
  apply_all();
  std::optional<Status> prepared;
  applier_->prepare(full.snapshot.index, std::make_shared<support::KeptRows>(full.snapshot_rows),
                    [&](Status status) { prepared = std::move(status); });
  // Meanwhile it goes on as it was.
  std::optional<Result<std::optional<repl::Applied>>> first;
  applier_->first_answer("{}", "client-1", [&](auto answer) { first = std::move(answer); });
  until([&] { return prepared && first; });
  ASSERT_TRUE(*prepared) << prepared->error().message;
  log_ = full;
  std::optional<Status> installed;
  applier_->install(full.snapshot_time_ms, [&](Status status) { installed = std::move(status); });
  until([&] { return installed.has_value(); });
  ASSERT_TRUE(*installed) << installed->error().message;
  log_.starts_at(full.snapshot.index);
  log_some(100);
  apply_all();
  compare();
}

TEST_F(ApplierOnServer, RefusesWhatIsOfOthers) {
  start(8);
  log_schema(db::kRidesSchema);
  apply_all();
  const auto owner = connected(options(server_.conninfo("applier")));
  pg::Batch ask;
  add_read(ask);
  const int64_t before = meta_of(run(*owner, std::move(ask))->front())->writer;
  log_.member.id = 2;
  const Error error = begin_error();
  EXPECT_EQ(error.kind, ErrorKind::kConfig);
  EXPECT_THAT(error.message, testing::HasSubstr("replica 1 of the group 'test'"));
  // Whose they are goes on in its session.
  pg::Batch read;
  add_read(read);
  const auto after = meta_of(run(*owner, std::move(read))->front());
  ASSERT_TRUE(after);
  EXPECT_EQ(after->writer, before);
}

// What is configured does not do: the process ends with 78, and the SQL to run is in the message.
TEST_F(ApplierOnServer, ADatabaseThatCannotBeMadeIsWrongConfiguration) {
  start(11);
  must(*connection_, {"DROP ROLE IF EXISTS poor", "CREATE ROLE poor LOGIN"});
  PostgresOptions wanted = applier_options();
  wanted.session.connect = options("host=" + server_.directory() + " user=poor dbname=not_there");
  wanted.session.create_database = true;
  applier_ = std::make_unique<PostgresApplier>(loop_, wanted, jobs_);
  std::optional<Result<repl::Index>> begun;
  applier_->begin(log_, [&](Result<repl::Index> index) { begun = std::move(index); });
  until([&] { return begun.has_value(); });
  ASSERT_FALSE(*begun);
  EXPECT_EQ(begun->error().kind, ErrorKind::kConfig);
  EXPECT_THAT(begun->error().message, testing::HasSubstr("CREATE DATABASE \"not_there\""));
}

// As much as a leader lets into the log fits into an index, however it is spread over the columns.
TEST_F(ApplierOnServer, AnIndexTakesWhatIsAdmitted) {
  start(10);
  log_schema(R"({"t":{"key":"k","columns":[{"name":"k","type":"text"},{"name":"a","type":"text"},
    {"name":"b","type":"text"},{"name":"n","type":"integer"}],
    "indexes":[["a","b","n"],{"columns":["b","a"],"unique":true}]}})");
  apply_all();
  std::mt19937_64 random(1);
  // What cannot be compressed.
  const auto text = [&](size_t bytes) {
    std::string out;
    while (out.size() < bytes) out += static_cast<char>('a' + random() % 26 - random() % 2 * 32);
    return "\"" + out + "\"";
  };
  int admitted = 0;
  for (const size_t k : {1U, 600U, 1000U, 1998U}) {
    for (const size_t a : {0U, 1U, 400U, 999U, 1999U}) {
      for (const size_t b : {0U, 1U, 400U, 1000U, 1999U}) {
        const std::string command = R"({"table":"t","op":"upsert","row":{"k":)" + text(k) +
                                    ",\"a\":" + text(a) + ",\"b\":" + text(b) +
                                    R"(,"n":9223372036854775807}})";
        const bool fits = k + a + b <= 2000;
        ASSERT_EQ(applier_->admit(command, "").has_value(), fits) << k << " " << a << " " << b;
        if (fits) log_command(command, "");
        admitted += fits ? 1 : 0;
      }
    }
  }
  EXPECT_GT(admitted, 20);
  apply_all();
  compare();
}

// A session that was lost, and is still there, changes nothing after another took over.
TEST_F(ApplierOnServer, FencesOffWhoWasThereBefore) {
  start(9);
  log_schema(db::kRidesSchema);
  apply_all();
  const auto old = connected(options(server_.conninfo("applier")));
  pg::Batch read;
  add_read(read);
  const auto meta = meta_of(run(*old, std::move(read))->front());
  ASSERT_TRUE(meta);
  pg::Batch mine(pg::Place::kWhole);
  add_fence(mine, *meta);
  EXPECT_TRUE(run(*old, std::move(mine)));
  make_applier();  // takes over
  pg::Batch late(pg::Place::kWhole);
  add_fence(late, *meta);
  late.add("DELETE FROM public.users");
  const pg::Outcome refused = run(*old, std::move(late));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().sqlstate, kFenced);
  EXPECT_TRUE(applier_->trouble().empty());
}

}  // namespace
}  // namespace tandem::tables

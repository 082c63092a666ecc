// Random commands, with keys and changes of the schema, by the applier of PostgreSQL and by the one
// in memory: the same answers, and the same bytes of a snapshot, whatever the batches and whatever
// happens to the sessions.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "base/clock.h"
#include "base/number.h"
#include "db/generator.h"
#include "fixture.h"
#include "pg/conninfo.h"
#include "pg/fault_proxy.h"
#include "repl/memory_applier.h"
#include "replica/background_jobs.h"
#include "support/kept_rows.h"
#include "tables/postgres_applier.h"

namespace tandem::tables {
namespace {

class InlineJobs final : public repl::Jobs {
 public:
  void run(UniqueFunction<void(const Stopping&)> work, UniqueFunction<void()> done) override {
    work([] { return false; });
    if (done) done();
  }
};

std::vector<std::string> rows_of(const repl::Picture& picture) {
  std::vector<std::string> rows;
  EXPECT_TRUE(picture.rows->write_rows([&](std::string_view row) {
    rows.emplace_back(row);
    return true;
  }));
  return rows;
}

// A log, and who applies it.
class Log final : public repl::Applier::Owner {
 public:
  void applied(const wire::Entry& entry, const std::optional<repl::Applied>& answer) override {
    ASSERT_EQ(entry.index, applied_ + 1);
    applied_ = entry.index;
    answers[entry.index] = answer ? std::to_string(answer->status) + answer->body : "";
  }
  void batch_ended() override { in_batch_ = false; }
  void went_back(repl::Index index) override {
    ++went_back_times;
    in_batch_ = false;
    applied_ = index;
  }
  repl::Origin origin() override {
    return {member, snapshot, snapshot_time_ms, std::make_shared<support::KeptRows>(snapshot_rows)};
  }
  bool goes_on_from(const repl::Position& position) const override {
    if (position.index == 0 || position.index > entries.size()) return false;
    return position.index >= first && entries[position.index - 1].epoch == position.epoch;
  }

  void give(repl::Applier& applier, size_t most) {
    if (in_batch_ || applied_ >= entries.size()) return;
    const size_t end = std::min(entries.size(), applied_ + most);
    in_batch_ = true;
    applier.apply({entries.begin() + static_cast<std::ptrdiff_t>(applied_),
                   entries.begin() + static_cast<std::ptrdiff_t>(end)});
  }
  bool done() const { return !in_batch_ && applied_ == entries.size(); }
  bool in_batch() const { return in_batch_; }
  void starts_at(repl::Index index) {
    applied_ = index;
    in_batch_ = false;
  }
  repl::Index index() const { return applied_; }

  std::vector<wire::Entry> entries;
  std::map<repl::Index, std::string> answers;
  int went_back_times = 0;
  repl::Member member{1, 77};
  repl::Position snapshot;
  int64_t snapshot_time_ms = 0;
  std::vector<std::string> snapshot_rows;
  repl::Index first = 1;

 private:
  repl::Index applied_ = 0;
  bool in_batch_ = false;
};

class ApplierOnServer : public TablesTest {
 protected:
  static uint64_t seeds() {
    const char* more = getenv("TANDEM_SEEDS");
    return more == nullptr ? 6 : parse_number<uint64_t>(more).value_or(6);
  }

  void start(uint64_t seed) {
    applier_.reset();
    make_database("applier");
    database_name_ = "applier";
    log_ = Log();
    generator_ = std::make_unique<db::Generator>(seed);
    random_.seed(seed);
    make_applier();
  }

  PostgresOptions applier_options() {
    PostgresOptions options;
    options.session.connect =
        this->options("host=" + (host_.empty() ? server_.directory() : host_) +
                      " user=tester dbname=" + database_name_);
    options.session.connect.synchronous_commit = false;
    options.session.first_pause_ms = 5;
    options.session.longest_pause_ms = 50;
    options.group = "test";
    options.batch_entries = 1 + random_() % 40;
    return options;
  }
  Result<repl::Index> begin() {
    applier_.reset();
    applier_ = std::make_unique<PostgresApplier>(loop_, applier_options(), jobs_);
    std::optional<Result<repl::Index>> begun;
    applier_->begin(log_, [&](Result<repl::Index> index) { begun = std::move(index); });
    until([&] {
      if (meanwhile_) meanwhile_();
      return begun.has_value();
    });
    return std::move(*begun);
  }
  void make_applier() {
    const auto begun = begin();
    ASSERT_TRUE(begun) << begun.error().message;
    log_.starts_at(*begun);
  }
  Error begin_error() {
    const auto begun = begin();
    EXPECT_FALSE(begun);
    return begun ? Error{} : begun.error();
  }

  void log_schema(std::string_view schema) {
    log_command("{\"schema\":" + std::string(schema) + "}", "");
  }
  // What the applier has now is the newest snapshot.
  void keep_snapshot() {
    log_.snapshot_rows = picture(*applier_);
    const wire::Entry& last = log_.entries[log_.index() - 1];
    log_.snapshot = {last.epoch, last.index};
    log_.snapshot_time_ms = last.time_ms;
  }

  // One after the other, some of which do not fit what is stored.
  static std::vector<std::string> schemas() {
    std::vector<std::string> schemas{std::string(db::kEveryKindSchema)};
    // Puts something behind what stands first of its kind in the text.
    const auto add = [&](const std::string& before, const std::string& more) {
      std::string schema = schemas.back();
      const size_t at = schema.find(before);
      EXPECT_NE(at, std::string::npos);
      schemas.push_back(schema.insert(at + before.size(), more));
    };
    add(R"({"name":"size","type":"integer","null":true})",
        R"(,{"name":"motto","type":"text","default":"é\\\"'{}"})");
    add(R"({"name":"size","type":"integer","null":true})",
        R"(,{"name":"tags","type":"list of text","default":["a","b,{}\"\\"]})");
    add(R"({"name":"active","type":"boolean","default":true})",
        R"(,{"name":"born","type":"timestamp","null":true,"default":null})");
    add(R"("indexes":[["source","destination","timestamp"])", R"(,["timestamp","created_by"])");
    add(R"({"name":"id","type":"integer"},)",
        R"({"name":"friend","type":"integer","null":true,"default":null,"references":"nodes"},)");
    const std::string fits = schemas.back();
    add(R"("indexes":[["size"])", R"(,{"columns":["motto","size"],"unique":true})");
    schemas.push_back(fits);
    add(R"("indexes":[["source","destination","timestamp"])",
        R"(,{"columns":["source"],"unique":true},{"columns":["destination"],"unique":true})");
    schemas.push_back(fits);
    add(R"("indexes":[["active","team"])", R"(,{"columns":["team","username"],"unique":true})");
    add("{", R"("more":{"key":"k","columns":[{"name":"k","type":"boolean"},
                {"name":"b","type":"boolean"}],"indexes":[{"columns":["b"],"unique":true}]},)");
    return schemas;
  }

  void log_command(const std::string& payload, const std::string& key) {
    wire::Entry entry;
    entry.type = wire::EntryType::kCommand;
    entry.index = log_.entries.size() + 1;
    entry.epoch = 3;
    time_ms_ += static_cast<int64_t>(random_() % 10 == 0 ? random_() % 100'000 : random_() % 50);
    entry.time_ms = time_ms_;
    entry.payload = payload;
    entry.request_id = key;
    log_.entries.push_back(std::move(entry));
  }

  std::string key() {
    const uint64_t kind = random_() % 6;
    if (kind == 0 || kind > 3) return "";
    const size_t size = log_.entries.size();
    if (kind == 1 && size > 0) return log_.entries[random_() % size].request_id;
    if (kind == 2) return "client-" + std::to_string(random_() % 1000);
    const uint64_t born = random_() % 20 == 0 ? random_() % (size + 10) : size;
    return make_key(born);
  }
  std::string make_key(uint64_t born) {
    char digits[17];
    snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(random_()));
    return "i-" + std::to_string(born) + "-" + digits;
  }

  void log_some(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      const std::string k = key();
      std::string payload = generator_->command().dump();
      // A repetition of a key is mostly one of the command.
      for (const wire::Entry& entry : log_.entries) {
        if (!k.empty() && entry.request_id == k && random_() % 8 != 0) payload = entry.payload;
      }
      log_command(payload, k);
    }
  }

  void apply_all() {
    while (!log_.done()) {
      log_.give(*applier_, 1 + random_() % 200);
      until([&] { return !log_.in_batch(); });
    }
  }

  std::vector<std::string> picture(repl::Applier& applier) {
    std::optional<Result<repl::Picture>> picture;
    applier.picture([&](Result<repl::Picture> taken) { picture = std::move(taken); });
    until([&] { return picture.has_value(); });
    EXPECT_TRUE(*picture) << picture->error().message;
    if (!*picture) return {};
    // Beside the loop, as a snapshot is written: a proxy may be on it.
    std::optional<std::vector<std::string>> rows;
    std::vector<std::string> written;
    jobs_.run([&](const repl::Jobs::Stopping&) { written = rows_of(**picture); },
              [&] { rows = std::move(written); });
    until([&] { return rows.has_value(); });
    return std::move(*rows);
  }

  // As by the applier in memory.
  void compare() {
    db::Database database;
    InlineJobs jobs;
    repl::MemoryApplier memory(database, {}, system_clock(), jobs);
    Log log;
    log.entries = log_.entries;
    memory.begin(log, [](const Result<repl::Index>&) {});
    while (!log.done()) log.give(memory, 1000);
    for (const auto& [index, answer] : log_.answers) {
      ASSERT_EQ(answer, log.answers[index]) << index << " " << log_.entries[index - 1].payload
                                            << " key " << log_.entries[index - 1].request_id;
    }
    ASSERT_EQ(log_.answers.size(), log.answers.size());
    ASSERT_EQ(picture(*applier_), picture(memory));
  }

  replica::BackgroundJobs jobs_{loop_};
  std::string host_;
  std::function<void()> meanwhile_;
  std::string database_name_ = "applier";
  Log log_;
  std::unique_ptr<PostgresApplier> applier_;
  std::unique_ptr<db::Generator> generator_;
  std::mt19937_64 random_;
  int64_t time_ms_ = 1'700'000'000'000;
};

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

// Between any two bytes, each way.
TEST_F(ApplierOnServer, LosesNothingWhereConnectionsAreCut) {
  const std::string directory = server_.make_directory("cut");
  pg::FaultProxy proxy(loop_, directory, server_.directory());
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    host_ = directory;
    proxy.plan(pg::Fault::kNone, true, 0);
    start(seed);
    log_schema(db::kEveryKindSchema);
    log_some(400);
    int cuts = 0;
    const auto plan = [&] {
      proxy.plan(pg::Fault::kCut, random_() % 2 == 0, 4000 + random_() % 60'000);
      ++cuts;
    };
    plan();
    meanwhile_ = [&] {
      if (proxy.has_happened()) plan();
    };
    while (!log_.done()) {
      if (random_() % 8 == 0) make_applier();  // the process was killed
      log_.give(*applier_, 1 + random_() % 60);
      until([&] {
        meanwhile_();
        return !log_.in_batch();
      });
    }
    meanwhile_ = {};
    EXPECT_GT(cuts, 2);
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
  for (const size_t k : {1, 600, 1000, 1998}) {
    for (const size_t a : {0, 1, 400, 999, 1999}) {
      for (const size_t b : {0, 1, 400, 1000, 1999}) {
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
  add_fence(mine, meta->writer);
  EXPECT_TRUE(run(*old, std::move(mine)));
  make_applier();  // takes over
  pg::Batch late(pg::Place::kWhole);
  add_fence(late, meta->writer);
  late.add("DELETE FROM public.users");
  const pg::Outcome refused = run(*old, std::move(late));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().sqlstate, kFenced);
  EXPECT_TRUE(applier_->trouble().empty());
}

}  // namespace
}  // namespace tandem::tables

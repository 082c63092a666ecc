// Random commands, with keys and changes of the schema, for the applier of PostgreSQL and for the one
// in memory.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/number.h"
#include "db/generator.h"
#include "repl/memory_applier.h"
#include "replica/background_jobs.h"
#include "support/kept_rows.h"
#include "tables/fixture.h"
#include "tables/postgres_applier.h"

namespace tandem::tables {

class InlineJobs final : public repl::Jobs {
 public:
  void run(UniqueFunction<void(const Stopping&)> work, UniqueFunction<void()> done) override {
    work([] { return false; });
    if (done) done();
  }
};

inline std::vector<std::string> rows_of(const repl::Picture& picture) {
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
    constexpr uint64_t kSeeds = 24;
    return more == nullptr ? kSeeds : parse_number<uint64_t>(more).value_or(kSeeds);
  }

  void start(uint64_t seed) {
    applier_.reset();
    // Of another order of texts.
    make_database("applier", seed % 2 == 0 ? "ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE "
                                             "'en-US' LOCALE 'C.UTF-8'"
                                           : "ENCODING 'UTF8'");
    database_name_ = "applier";
    log_ = Log();
    generator_ = std::make_unique<db::Generator>(seed);
    if (seed % 3 != 0) generator_->make_large_sets();
    if (seed % 3 != 1) generator_->make_edges();
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
    options.group_limits.entries = 1 + random_() % 40;
    options.group_limits.memory_bytes = random_() % 100'000;
    options.group_limits.slice_bytes = random_() % 2000;
    options.small_range = random_() % 30;
    options.quick_rows = random_() % 60;
    return options;
  }
  Result<repl::Index> begin() { return begin_with(applier_options()); }
  Result<repl::Index> begin_with(PostgresOptions with) {
    applier_.reset();
    applier_ = std::make_unique<PostgresApplier>(loop_, std::move(with), jobs_);
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
      until([&] { return !log_.in_batch() || is_stuck(); });
      ASSERT_FALSE(is_stuck()) << applier_->trouble();
    }
  }
  // PostgreSQL refuses what it is asked, as it will for ever.
  bool is_stuck() const {
    const std::string trouble = applier_->trouble();
    return trouble.find("(23") != std::string::npos || trouble.find("(42") != std::string::npos;
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
    const auto there = connected(options(server_.conninfo(database_name_)));
    pg::Batch ask;
    add_read(ask);
    const auto meta = meta_of(run(*there, std::move(ask))->front());
    ASSERT_TRUE(meta) << meta.error().message;
    for (size_t i = 0; i < meta->facts.size(); ++i) {
      ASSERT_EQ(meta->facts[i].rows, database.tables()[i].row_count());
      ASSERT_EQ(meta->facts[i].text_bytes, database.tables()[i].text_bytes());
    }
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

}  // namespace tandem::tables

#include "backend.h"

#include <optional>
#include <utility>

#include "base/clock.h"
#include "db/command.h"
#include "db/database.h"
#include "query_runner.h"
#include "repl/memory_applier.h"
#include "replica/background_jobs.h"
#include "table_queries.h"
#include "tables/postgres_applier.h"
#include "tables/reader.h"
#include "tables/session_options.h"

namespace tandem::worker {
namespace {

class MemoryBackend final : public Backend {
 public:
  MemoryBackend(loop::Loop& loop, const WorkerConfig& config)
      : loop_(loop),
        database_(config.limits),
        jobs_(loop),
        applier_(database_, config.replica.keys, system_clock(), jobs_) {}

  std::string_view kind() const override { return "file"; }
  repl::Applier& applier() override { return applier_; }
  Queries& read_for(const repl::Driver& replica) override {
    return queries_.emplace(loop_, database_, replica);
  }
  Result<std::string> check_command(std::string_view text) const override {
    return database_.check_command(text);
  }
  Result<std::string> check_change(std::string_view text) const override {
    return database_.check_change(text);
  }

 private:
  loop::Loop& loop_;
  db::Database database_;
  replica::BackgroundJobs jobs_;
  repl::MemoryApplier applier_;
  std::optional<QueryRunner> queries_;
};

// Whoever applies makes the database where there is none.
pg::SessionOptions readers(pg::SessionOptions session) {
  session.create_database = false;
  return session;
}

class PostgresBackend final : public Backend {
 public:
  PostgresBackend(loop::Loop& loop, const WorkerConfig& config, pg::SessionOptions session)
      : limits_(config.limits),
        jobs_(loop),
        reader_(loop, {.session = readers(session), .limits = config.limits}),
        applier_(loop,
                 {.session = std::move(session),
                  .group = config.replica.host.group,
                  .limits = config.limits,
                  .keys = config.replica.keys},
                 jobs_) {
    applier_.on_schema([this] { reader_.set_schema(applier_.schema(), applier_.schema_index()); });
    applier_.on_commit([this](const auto& facts, repl::Index schema_index) {
      reader_.set_facts(facts, schema_index);
    });
    applier_.on_tables_go([this] { reader_.forget_schema("its tables are being replaced"); });
    reader_.on_statistics([this](const tables::Reader::Spreads& spreads, uint64_t schema_index) {
      applier_.set_spread(spreads, schema_index);
    });
  }

  std::string_view kind() const override { return "postgres"; }
  repl::Applier& applier() override { return applier_; }
  Queries& read_for(const repl::Driver& replica) override {
    reader_.start();
    return queries_.emplace(reader_, replica);
  }
  Result<std::string> check_command(std::string_view text) const override {
    return db::check_command(text, *applier_.schema(), limits_);
  }
  Result<std::string> check_change(std::string_view text) const override {
    return db::check_change(text, *applier_.schema(), limits_);
  }

 private:
  const db::Limits limits_;
  replica::BackgroundJobs jobs_;
  tables::Reader reader_;
  tables::PostgresApplier applier_;
  std::optional<TableQueries> queries_;
};

}  // namespace

Result<std::unique_ptr<Backend>> make_backend(loop::Loop& loop, const WorkerConfig& config) {
  if (config.tables.backend == "file") return std::make_unique<MemoryBackend>(loop, config);
  const replica::HostOptions& host = config.replica.host;
  auto session =
      tables::session_options(config.tables.url, config.tables.password_file, host.group, host.id);
  if (!session) return fail(std::move(session.error()));
  return std::make_unique<PostgresBackend>(loop, config, std::move(*session));
}

}  // namespace tandem::worker

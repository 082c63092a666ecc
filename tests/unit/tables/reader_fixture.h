// A database of the file back end and the same rows in PostgreSQL, and a Reader of them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "db/fixture.h"
#include "tables/fixture.h"
#include "tables/meta.h"
#include "tables/reader.h"
#include "tables/table_sql.h"

namespace tandem::tables {

class ReaderTest : public TablesTest {
 protected:
  struct Answer {
    Result<std::string> text;
    uint64_t index = 0;
  };

  repl::Applied apply(std::string_view command) {
    wire::Entry entry;
    entry.index = ++index_;
    entry.payload = command;
    return file_->apply(entry);
  }
  void must_apply(std::string_view command) {
    const auto applied = apply(command);
    ASSERT_EQ(applied.status, 200) << command << applied.body;
  }
  void begin(std::string_view schema, const db::Limits& limits = {}) {
    options_.limits = limits;
    file_ = std::make_unique<db::Database>(limits);
    must_apply("{\"schema\":" + std::string(schema) + "}");
    schema_index_ = index_;
  }

  // What tandem.meta says.
  Meta meta() const {
    Meta meta;
    meta.applied = {.epoch = 1, .index = index_};
    meta.schema_index = schema_index_;
    meta.schema = std::make_shared<const db::Schema>(file_->schema());
    for (const db::Table& table : file_->tables()) {
      meta.facts.push_back(
          {table.row_count(), table.counter(), table.longest_texts(), table.text_bytes()});
    }
    return meta;
  }
  void write_meta() {
    pg::Batch batch;
    add_update(batch, meta(), true);
    const auto outcome = run(*connection_, std::move(batch));
    ASSERT_TRUE(outcome) << outcome.error().error.message;
  }
  // Puts what the file back end has into the database that was made.
  void copy_tables() {
    pg::Batch own(pg::Place::kWhole);
    add_create(own, {.group = "g", .member = {}});
    const auto created = run(*connection_, std::move(own));
    ASSERT_TRUE(created) << created.error().error.message << created.error().statement;
    must_carry_out(create_sql(file_->schema()));
    pg::Batch batch(pg::Place::kWhole);
    for (size_t i = 0; i < file_->tables().size(); ++i) {
      db::TableChanges changes;
      const db::RowTree& rows = file_->tables()[i].rows();
      rows.visit_from({}, [&](const db::Row& row) {
        changes.put.push_back(std::make_shared<const db::Row>(row));
        return true;
      });
      TableSql(file_->schema().tables()[i]).write(batch, changes);
    }
    const auto outcome = run(*connection_, std::move(batch));
    ASSERT_TRUE(outcome) << outcome.error().error.message;
    write_meta();
    must(*connection_, {"ANALYZE"});
  }
  void start_reader() {
    options_.session.connect = options(server_.conninfo(database_));
    reader_ = std::make_unique<Reader>(loop_, options_);
    tell_schema();
    reader_->start();
    until([this] { return reader_->trouble().empty(); });
  }
  void tell_schema() {
    reader_->set_schema(std::make_shared<const db::Schema>(file_->schema()), schema_index_);
  }

  static int64_t deadline(int64_t ms) { return system_clock().boot_ns() + ms * 1'000'000; }
  // Has its place until the answer comes.
  std::unique_ptr<std::optional<Answer>> ask(std::string_view query, int64_t ms = 20'000,
                                             uint64_t min_index = 0) {
    auto answer = std::make_unique<std::optional<Answer>>();
    reader_->read(query, min_index, deadline(ms),
                  [place = answer.get()](Result<std::string> text, uint64_t index) {
                    EXPECT_FALSE(*place) << "answered twice";
                    *place = Answer{std::move(text), index};
                  });
    return answer;
  }
  Answer read(std::string_view query, int64_t ms = 20'000, uint64_t min_index = 0) {
    const auto answer = ask(query, ms, min_index);
    until([&] { return answer->has_value(); });
    return **answer;
  }
  static std::string told(const Result<std::string>& answer) {
    if (answer) return *answer;
    return "error " + std::to_string(static_cast<int>(answer.error().kind)) + ": " +
           answer.error().message;
  }
  // The file back end answers the same.
  void compare(std::string_view query, const Result<std::string>& answer) {
    ASSERT_EQ(told(answer), told(file_->query(query))) << query;
  }
  void compare(std::string_view query) { compare(query, read(query).text); }

  ReaderOptions options_;
  std::unique_ptr<db::Database> file_;
  uint64_t index_ = 0;
  uint64_t schema_index_ = 0;
  std::unique_ptr<Reader> reader_;
};

}  // namespace tandem::tables

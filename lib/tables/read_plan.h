// What a read asks PostgreSQL for, and its answer: bytes and refusals are those of db::answer_read().
//
// What it costs is known before only in part. Where every row would have to be looked at, the rows
// are counted and it is refused as elsewhere (limits.read_cost). Else PostgreSQL chooses how to find
// the rows, and it is its time that is limited (reader.h).
//
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "db/query.h"
#include "db/residency.h"
#include "db/table.h"
#include "pg/batch.h"
#include "pg/rows.h"
#include "tables/meta.h"

namespace tandem::tables {

// A schema, and what is known of its tables without their rows.
class KnownTables {
 public:
  KnownTables(std::shared_ptr<const db::Schema> schema, uint64_t schema_index);

  const db::Schema& schema() const { return *schema_; }
  const std::shared_ptr<const db::Schema>& share_schema() const { return schema_; }
  uint64_t schema_index() const { return schema_index_; }
  const db::Table& table(size_t number) const { return tables_[number]; }

  // What was known of the tables before they were changed to this schema.
  void take_over(const KnownTables& before);
  // As of a snapshot with this schema; or of what was committed.
  void take(const Reading& reading);
  void take(const std::vector<db::TableFacts>& facts);
  void set_spreads(const std::vector<db::TableSpreadPtr>& spreads);
  // Of a row of an answer in memory, at most.
  size_t row_bytes(const db::Query& query) const;

 private:
  std::shared_ptr<const db::Schema> schema_;
  uint64_t schema_index_;
  std::deque<db::Residency> residency_;  // stay where they are
  std::vector<db::Table> tables_;
};

class ReadPlan {
 public:
  // Fails with what the read is answered with, whatever is stored. `limits` outlives the plan.
  static Result<ReadPlan> make(std::string_view text, const KnownTables& known,
                               const db::Limits& limits);

  // Whether all of it can be expected to be answered in no time and to take little memory.
  bool is_small() const { return is_small_; }
  // That it may take, where it is small.
  size_t bytes() const { return bytes_; }
  const db::Schema& schema() const { return *schema_; }
  // That it was made for.
  uint64_t schema_index() const { return schema_index_; }
  bool touches(size_t table) const;

  // How a query is answered.
  enum class Way : uint8_t {
    kNothing,    // no row is wanted
    kKeptCount,  // by what is known of the table
    kCount,
    kRows,
  };
  size_t size() const { return read_.queries.size(); }
  Way way(size_t query) const { return steps_[query].way; }
  const db::Query& query(size_t number) const { return read_.queries[number]; }
  const db::TableSchema& table(size_t query) const {
    return schema_->tables()[read_.queries[query].table];
  }
  // Of a row of its answer in memory, at most.
  size_t row_bytes(size_t query) const { return steps_[query].row_bytes; }
  // More rows than limits.rows may match, which has to be known before the first one is answered.
  bool may_have_too_many(size_t query) const;

  // The statements of a small one, all of them. Returns how many.
  size_t add_statements(pg::Batch& batch) const;
  // Its answer by theirs, in order; nothing where there is more than was expected.
  std::optional<Result<std::string>> answer(const Reading& reading, const pg::Rows* rows) const;

 private:
  friend class AnswerMaker;
  struct Step {
    Way way = Way::kRows;
    size_t wanted = 0;  // rows, at most
    size_t row_bytes = 1;
    size_t small_most = 0;  // of them where it is a small read
    uint64_t least_cost = 0;
  };
  void add_step(const KnownTables& known);

  const db::Limits* limits_ = nullptr;
  std::shared_ptr<const db::Schema> schema_;
  uint64_t schema_index_ = 0;
  db::Read read_;
  std::optional<Error> refusal_;  // of the query after those with steps
  std::vector<Step> steps_;
  uint64_t least_cost_ = 0;
  bool is_small_ = true;
  size_t bytes_ = 0;
};

// Makes the answer, query by query: begin() each, then count() or rows() again and again, end().
// Each fails with what the read is answered with.
class AnswerMaker {
 public:
  explicit AnswerMaker(const ReadPlan& plan);  // outlives this

  Status begin(size_t query);
  void count(uint64_t count);
  // Of select_rows().
  Status rows(const pg::Rows& rows);
  Error too_many_rows() const;
  // PostgreSQL took longer than the read may.
  Error too_dear() const;
  void end();
  Result<std::string> finish();

 private:
  Error told(Error error) const;

  const ReadPlan& plan_;
  db::Meter meter_;
  std::string out_;
  size_t query_ = 0;
  std::optional<db::RowsAnswer> rows_;
};

}  // namespace tandem::tables

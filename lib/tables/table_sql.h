// The SQL by which rows of one table come from PostgreSQL and go back. Its texts do not depend on
// values, so that the server prepares each once.
//
// Pure: what is asked and told; pg::Connection carries it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "db/partial_database.h"
#include "db/residency.h"
#include "db/schema.h"
#include "pg/batch.h"
#include "tables/codec.h"

namespace tandem::tables {

class TableSql {
 public:
  // The schema outlives this.
  explicit TableSql(const db::TableSchema& table);

  // Statements whose answers, one after the other, have every row with one of the keys or in one of
  // the ranges, some of them more than once; then, one statement each, those of Missing::below, and
  // those by a Where. `row` is what comes of each, and reads them. Returns how many statements.
  size_t fetch(pg::Batch& batch, const db::Residency::Missing& missing,
               const FetchedRow& row) const;
  // Statements that make the table what the changes say. What of a row is elsewhere stays as it is.
  void write(pg::Batch& batch, const db::TableChanges& changes) const;

 private:
  using RowPtrs = std::vector<const db::RowPtr*>;

  void fetch_prefixes(pg::Batch& batch, const std::vector<const db::Range*>& prefixes,
                      const FetchedRow& row) const;
  void fetch_range(pg::Batch& batch, const db::Range& range, const FetchedRow& row) const;
  void fetch_below(pg::Batch& batch, size_t index, const db::Residency::Keys& keys,
                   const FetchedRow& row) const;
  std::string select(const FetchedRow& row) const;
  std::vector<size_t> columns_of(const db::Range& range) const;
  void update(pg::Batch& batch, const db::Columns& elsewhere, const RowPtrs& rows) const;
  pg::Parameters arrays_of(const RowPtrs& rows, const std::vector<size_t>& columns) const;

  const db::TableSchema& table_;
  std::string name_;  // quoted
  std::string erase_;
  std::string put_;
};

}  // namespace tandem::tables

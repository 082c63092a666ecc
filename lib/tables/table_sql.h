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

namespace tandem::tables {

class TableSql {
 public:
  // The schema outlives this.
  explicit TableSql(const db::TableSchema& table);

  // Statements whose answers, one after the other, have every row with one of the keys or in one of
  // the ranges, some of them more than once; then, one statement each, those of Missing::below, and
  // those by a Where. row_of() reads them. Returns how many statements.
  size_t fetch(pg::Batch& batch, const db::Residency::Missing& missing) const;
  // Statements that make the table what the changes say. Returns how many.
  size_t write(pg::Batch& batch, const db::TableChanges& changes) const;

 private:
  void fetch_prefixes(pg::Batch& batch, const std::vector<const db::Range*>& prefixes) const;
  void fetch_range(pg::Batch& batch, const db::Range& range) const;
  void fetch_below(pg::Batch& batch, size_t index, const db::Residency::Keys& keys) const;
  std::vector<size_t> columns_of(const db::Range& range) const;

  const db::TableSchema& table_;
  std::string name_;     // quoted
  std::string columns_;  // of a SELECT from the table as t
  std::vector<pg::Type> types_;
  std::string by_keys_;
  std::string all_;
  std::string erase_;
  std::string put_;
};

}  // namespace tandem::tables

// How the values of the columns of a table are spread over its rows, as far as an engine beside this
// process knows (pg_stats of PostgreSQL has the same): what is to be expected of rows that are not
// here. Never exact, and always an answer: what is not known is guessed.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "db/value.h"

namespace tandem::db {

struct ColumnSpread {
  double nulls = 0;                                   // part of the rows, from 0 to 1
  double distinct = 0;                                // values that are no null; 0: not known
  std::vector<std::pair<Value, double>> common = {};  // values that are often there, and how often
  std::vector<Value> bounds = {};  // of parts of the rest that have equally many rows, rising

  // The part of the rows that has this value, and that lies between two (nullptr: no bound).
  double part_equal(const Value& value) const;
  double part_between(const Value* low, const Value* high) const;
};

// By column.
using TableSpread = std::vector<ColumnSpread>;
using TableSpreadPtr = std::shared_ptr<const TableSpread>;

}  // namespace tandem::db

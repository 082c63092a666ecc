// What a mirror (mirror.h) shows: a state in memory as the rows of one table. The state itself tells
// what has changed in it after an entry of the log, so that nothing has to be remembered for a
// PostgreSQL that is away, however long it is.
//
// Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "db/schema.h"
#include "db/value.h"
#include "repl/types.h"

namespace tandem::mirror {

// What the rows of a table amount to: where somebody else has changed some, it is something else.
struct Total {
  uint64_t rows = 0;
  int64_t sum = 0;  // of weight_of(), modulo kModulus

  void add(int64_t weight) {
    ++rows;
    sum = (sum + weight) % kModulus;
  }
  bool operator==(const Total&) const = default;
  static constexpr int64_t kModulus = int64_t{1} << 53;
};
// A number from 0 up to kModulus: of each column, times its place, what it holds or, of a text, how
// many bytes that has. REQUIRES: the columns are integers and texts, without nulls or negative ones.
int64_t weight_of(const db::Row& row);
// Of a table in PostgreSQL: one row, rows and sum.
std::string total_sql(const db::TableSchema& table);

// Rows of one moment: what changes later does not show.
class Rows {
 public:
  virtual ~Rows() = default;
  // How many they are.
  virtual uint64_t size() const = 0;
  // The next one. REQUIRES: there is one.
  virtual db::Row next() = 0;
  // What the table has beside them.
  virtual Total others() const = 0;
};

class Source {
 public:
  virtual ~Source() = default;
  // One table, whose rows are never deleted.
  virtual const db::Schema& schema() const = 0;
  const db::TableSchema& table() const { return schema().tables().front(); }
  // Columns that PostgreSQL has besides, made of the others, as in CREATE TABLE.
  virtual std::vector<std::string> made_columns() const { return {}; }
  virtual std::string comment() const = 0;

  virtual std::unique_ptr<Rows> all() const = 0;
  // Those that are new or others than after that entry, when the table had `there`. Both cheap,
  // whatever the number of rows.
  virtual std::unique_ptr<Rows> since(repl::Index index, const Total& there) const = 0;
};

}  // namespace tandem::mirror

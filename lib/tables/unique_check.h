// Whether the rows that are there fit the unique indexes that a change of schema adds, as
// db::Database looks at it: the refusal names the first table, and there the index that the first
// row in the order of keys breaks whose values an earlier one has.
//
// Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/result.h"
#include "db/schema.h"
#include "pg/batch.h"
#include "pg/rows.h"

namespace tandem::tables {

class UniqueCheck {
 public:
  // `from` outlives it; `to` is a change of it.
  UniqueCheck(const db::Schema& from, db::Schema to);

  const db::Schema& to() const { return to_; }
  // Statements that ask, and what their answers, all of them, mean.
  void add(pg::Batch& batch);
  std::optional<Error> refusal(const std::vector<pg::Rows>& rows) const;

 private:
  struct Question {
    size_t table = 0;
    size_t index = 0;
  };

  const db::Schema& from_;
  const db::Schema to_;
  std::vector<Question> questions_;
};

}  // namespace tandem::tables

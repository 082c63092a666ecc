// Rows out of a result. Private to lib/pg.
#pragma once

#include <vector>

#include "pg/pq.h"
#include "pg/rows.h"

namespace tandem::pg {

class RowsMaker {
 public:
  // kCorrupt: the answer has not these columns, or a value of it is not well-formed. Where no
  // columns are named the answer's rows are dropped.
  static Result<Rows> make(PqResult result, const std::vector<Type>& columns);
};

}  // namespace tandem::pg

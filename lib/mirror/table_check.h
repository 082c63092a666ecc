// Whether the table of a mirror is in PostgreSQL as it was made: somebody may have dropped or changed
// it, or had one of that name before.
//
// Pure: SQL and what its answer means.
#pragma once

#include <string>
#include <vector>

#include "mirror/source.h"
#include "pg/batch.h"
#include "pg/rows.h"

namespace tandem::mirror {

// What makes it.
std::vector<std::string> make_table_sql(const Source& source);

void add_look_at_table(pg::Batch& batch, const db::TableSchema& table);
struct LookAtTable {
  bool is_there = false;
  // What of its columns is not as it was made; empty: nothing. Columns that were added are let be.
  std::string difference;
};
LookAtTable look_at_table(const pg::Rows& rows, const db::TableSchema& table);

}  // namespace tandem::mirror

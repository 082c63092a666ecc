// What one schema may become: more tables, more columns that have a default (or may be null), more
// indexes. Anything else could lose data or break what is stored, and is refused.
#pragma once

#include "base/result.h"
#include "db/schema.h"

namespace tandem::db {

struct SchemaChange {
  Schema schema;     // the old tables and columns keep their numbers; new ones follow
  size_t added = 0;  // tables, columns and indexes; 0: both schemas say the same
};

// Fails with kConflict, naming everything that does not fit.
Result<SchemaChange> change_schema(const Schema& from, const Schema& to);

// The refusal of a new unique index, for which two rows have one value.
Error not_unique(const TableSchema& table, size_t index);

}  // namespace tandem::db

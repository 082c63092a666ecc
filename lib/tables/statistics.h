// What PostgreSQL knows of how the values of columns are spread (pg_stats), as of the last ANALYZE,
// which autovacuum does by itself. Pure: SQL and what its answer means.
#pragma once

#include <vector>

#include "db/schema.h"
#include "db/spread.h"
#include "pg/batch.h"
#include "pg/rows.h"

namespace tandem::tables {

// One statement, which is not quick.
void add_statistics(pg::Batch& batch);
// By table; nullptr where nothing is known of one.
std::vector<db::TableSpreadPtr> spreads_of(const pg::Rows& rows, const db::Schema& schema);

}  // namespace tandem::tables

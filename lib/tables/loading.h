// The rows of a snapshot, loaded into PostgreSQL beside the tables that are there: into the schemas
// tandem_next and tandem_next_own, out of which one transaction puts them into the places of the
// others.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "base/result.h"
#include "db/schema.h"
#include "db/snapshot_row.h"
#include "pg/batch.h"
#include "pg/connection.h"
#include "repl/applier.h"
#include "tables/blocking.h"
#include "tables/meta.h"

namespace tandem::tables {

// On a thread where nobody waits. `index` is that of the snapshot. kCorrupt: the rows cannot be
// restored; kTimeout: stopped; others: PostgreSQL is not there, or has no room.
Status load_rows(const pg::ConnectOptions& options, const OwnerOfTables& owner, uint64_t index,
                 repl::SnapshotRows& rows, const Stopping& stopping);

// Statements that make what was loaded the tables, and what was there go. `old`: as it
// is there; `loaded`: the schema of what was loaded, which add_read_loaded() gives.
void add_read_loaded(pg::Batch& batch);
void add_put_in_place(pg::Batch& batch, const Meta& old, const db::Schema& loaded,
                      const repl::Position& position, int64_t time_ms);

}  // namespace tandem::tables

// What a leader lets into the log, beyond what a command has to be (command.h): nothing that could
// be written but not read back, listed, shown or deleted by those who use the database. The limits
// are those of every back end, also of PostgreSQL. They hold for what is proposed alone: apply and
// the reading of snapshots take what an earlier version let in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "db/command.h"
#include "db/schema.h"
#include "db/table.h"

namespace tandem::db {

constexpr size_t kMaxNameBytes = 63;           // of a table or a column
constexpr size_t kMaxColumns = 250;            // of a table
constexpr size_t kMaxIndexColumns = 32;        // of an index
constexpr size_t kMaxIndexedTextBytes = 2000;  // of a row: key and indexed columns together
constexpr size_t kMaxRowBytes = 8u << 20;      // of its texts: a row is read in one answer
// The highest key that a row of a table with auto_increment may name, the lowest is 1. The next key
// is above every other, so that a higher one could use up the numbers. Above this one there are
// 2^52 more that are exact wherever JSON is read, which is below 2^53: at 10 000 a second they last
// for 14 000 years.
constexpr int64_t kMaxNamedKey = int64_t{1} << 52;
// Timestamps: the years 0001 to 9999, which every calendar and format can show.
constexpr int64_t kMinTimestampMs = -62'135'596'800'000;
constexpr int64_t kMaxTimestampMs = 253'402'300'799'999;

// Of a row that is stored already: whether every back end can hold it. Fails with kBadInput, naming
// table and column.
Status check_portable(const TableSchema& table, const Row& row);

// Fails with kBadInput, naming table and column.
Status admit_schema(const Schema& schema);

// Of a command that was parsed for `schema`. What an update makes of rows is judged by `tables`,
// the state now: by the time it is applied that may be another, so those limits are not exact, nor
// are limits.write_cost and limits.write_memory_bytes (write_cost.h). Fails with kBadInput, naming
// operation, table and column, and with kTooLarge where it costs more than these.
//
// Here is the only place to refuse it: what is in the log is carried out by every replica, each time
// that it starts, and if that takes more memory than there is it is the end of all of them. A replica
// that has applied less, or that estimates otherwise, may refuse other commands; what it answers to
// one that was logged is the same.
Status admit_command(const Command& command, const Schema& schema, const std::vector<Table>& tables,
                     const Limits& limits);

}  // namespace tandem::db

// What a write costs, before it is carried out: rows that it looks at to find those that it is about,
// and memory that these and what becomes of them take at once. Both are estimates, and both are looked
// at before a command is logged, or to see how many entries go together: never by what carries it out,
// whose answers are the same whatever is estimated here.
//
// The memory is that of the back end that needs more, so that it does not depend on who leads:
//
//   in memory      an update copies each row that it changes, as a whole
//   in PostgreSQL  rows are fetched, carried out on and written back; long texts that nothing compares
//                  stay there (Elsewhere)
//
// How long the texts of rows are is told by the sums that tables keep. Those are exact; which rows are
// meant is not known, so that it is the mean, unless the rows are here and are few enough to be looked
// at. Of a cascade it is as many rows as refer to a row on average, or to the keys that are named.
//
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "db/command.h"
#include "db/limits.h"
#include "db/meter.h"
#include "db/plan.h"
#include "db/schema.h"
#include "db/table.h"

namespace tandem::db {

// By column of a table; empty: none of them.
using Columns = std::vector<bool>;

// A text of a column that never had a longer one comes along with its row.
constexpr uint64_t kShortTextBytes = 256;
// What a row takes beside its texts, in whatever keeps it, its keys and its places in indexes.
constexpr uint64_t kRowMemoryBytes = 700;

// By table: columns with long texts that these commands neither look for nor compare. `changes` may be
// nullptr.
std::vector<Columns> columns_elsewhere(const std::vector<const Change*>& changes,
                                       const Schema& schema, const std::vector<Table>& tables);

// The tables that the command leaves without a row and changes nothing besides, where that is seen
// without a look at their rows: it deletes all of a table, and those that refer to it are empty, or go
// with it. None: it is none of that kind. The first is the one that the command names.
std::vector<size_t> emptied_by(const Change& change, const Schema& schema,
                               const std::vector<Table>& tables);

struct WriteCost {
  uint64_t rows = 0;   // looked at (meter.h)
  uint64_t bytes = 0;  // of memory
};

class WriteEstimate {
 public:
  // All of them outlive this. `elsewhere`: of the rows that are fetched. `quick_cost`: so many rows
  // may be looked at for it.
  WriteEstimate(const Schema& schema, const std::vector<Table>& tables,
                const std::vector<Columns>& elsewhere, uint64_t quick_cost)
      : schema_(schema),
        tables_(tables),
        elsewhere_(elsewhere),
        quick_(quick_cost),
        changed_(tables.size()) {}

  WriteCost of(const Condition& condition) const;
  // After those that were asked about before it.
  WriteCost of(const Operation& operation);

 private:
  struct Search {
    uint64_t rows = 0;
    uint64_t cost = 0;
  };

  Search search(const Operation& operation, const Plan& plan) const;
  WriteCost of_update(const Operation& update);
  WriteCost of_delete(const Operation& operation) const;
  bool may_look(const Table& table, const Plan& plan) const;
  uint64_t fetched(uint64_t rows, double texts) const;
  double texts_found(size_t table, const Where& where, const Plan& plan) const;
  uint64_t memory_of_cascade(size_t table, const Plan& plan, uint64_t rows) const;
  uint64_t rows_referring(const Referrer& referrer, const Prefix& keys) const;

  const Schema& schema_;
  const std::vector<Table>& tables_;
  const std::vector<Columns>& elsewhere_;
  Meter quick_;
  std::vector<uint64_t> changed_;  // rows of each table, at most, by the operations so far
};

// Of all of it, by rows that come as a whole.
uint64_t memory_of(const Change& change, const Schema& schema, const std::vector<Table>& tables);

}  // namespace tandem::db

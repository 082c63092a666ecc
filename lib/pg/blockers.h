// Who holds the lock that a session waits for: a person's ALTER TABLE in psql, pg_dump, another
// program. Asked on another connection, as the one that waits cannot.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pg/batch.h"
#include "pg/rows.h"

namespace tandem::pg {

struct Blocker {
  int64_t pid = 0;  // of the backend; 0: a prepared transaction
  std::string application_name;
  std::string user;
  std::string state;         // as in pg_stat_activity; empty where this role may not see it
  int64_t query_age_ms = 0;  // since its present or last statement began
};

// A statement, to be added to a batch, that asks for those that the backend waits for.
void add_who_blocks(Batch& batch, int64_t backend_pid);
// Its answer.
std::vector<Blocker> blockers_of(const Rows& rows);
// For people: "pid 4711 (psql, user ann, idle in transaction, last statement 12 s ago)", more than
// one with "; " between.
std::string describe(const std::vector<Blocker>& blockers);

}  // namespace tandem::pg

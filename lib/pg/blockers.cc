#include "pg/blockers.h"

namespace tandem::pg {
namespace {

constexpr std::string_view kWhoBlocks =
    "SELECT b.pid, coalesce(a.application_name, ''), coalesce(a.usename::text, ''), "
    "coalesce(a.state, ''), coalesce((extract(epoch FROM clock_timestamp() - a.query_start) * 1000)"
    "::bigint, 0) FROM unnest(pg_blocking_pids($1::int)) AS b(pid) "
    "LEFT JOIN pg_stat_activity a ON a.pid = b.pid ORDER BY b.pid";

}  // namespace

void add_who_blocks(Batch& batch, int64_t backend_pid) {
  batch.add(kWhoBlocks, std::move(Parameters().int64(backend_pid)),
            {Type::kInt64, Type::kText, Type::kText, Type::kText, Type::kInt64});
}

std::vector<Blocker> blockers_of(const Rows& rows) {
  std::vector<Blocker> blockers;
  for (size_t row = 0; row < rows.size(); ++row) {
    // A backend that waits behind another one in several ways is there more than once.
    if (!blockers.empty() && blockers.back().pid == rows.int64(row, 0)) continue;
    blockers.push_back({rows.int64(row, 0), std::string(rows.text(row, 1)),
                        std::string(rows.text(row, 2)), std::string(rows.text(row, 3)),
                        rows.int64(row, 4)});
  }
  return blockers;
}

std::string describe(const std::vector<Blocker>& blockers) {
  std::string text;
  for (const Blocker& blocker : blockers) {
    if (!text.empty()) text += "; ";
    if (blocker.pid == 0) {
      text += "a prepared transaction";
      continue;
    }
    text += "pid " + std::to_string(blocker.pid) + " (";
    if (!blocker.application_name.empty()) text += blocker.application_name + ", ";
    text += "user " + blocker.user;
    if (!blocker.state.empty()) text += ", " + blocker.state;
    text += ", last statement " + std::to_string(blocker.query_age_ms / 1000) + " s ago)";
  }
  return text;
}

}  // namespace tandem::pg

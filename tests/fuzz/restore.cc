// Rows of a snapshot into the tables: whatever they are, they are refused or give a state whose own
// snapshot gives the same state again.
#include <vector>

#include "db/database.h"
#include "fuzz/fuzz.h"

namespace {

using namespace tandem;  // NOLINT: a program of one file

std::vector<std::string> snapshot_of(const db::Database& database) {
  std::vector<std::string> rows;
  CHECK(database.freeze()->write_rows([&rows](std::string_view row) {
    rows.emplace_back(row);
    return true;
  }));
  return rows;
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  db::Database database;
  database.reset();
  bool good = true;
  fuzz::each_line(fuzz::text_of(data, size), [&](std::string_view line) {
    if (!good) return;
    const Status restored = database.restore_row(line);
    good = restored.has_value();
    CHECK(good || restored.error().kind == ErrorKind::kCorrupt);
  });
  if (!good || !database.finish_restore()) return 0;

  const std::vector<std::string> rows = snapshot_of(database);
  db::Database again;
  again.reset();
  for (const std::string& row : rows) {
    const Status restored = again.restore_row(row);
    CHECK_MSG(restored.has_value(), row + ": " + restored.error().message);
  }
  CHECK(again.finish_restore().has_value());
  CHECK(snapshot_of(again) == rows);
  return 0;
}

#include "import_batches.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/json_string.h"
#include "db/snapshot_row.h"

namespace tandem::client {
namespace {

size_t values_of(std::string_view operation) {
  return static_cast<size_t>(std::count(operation.begin(), operation.end(), ',')) + 8;
}

void add_to_list(std::string& list, const std::string& text) {
  if (!list.empty()) list += ',';
  list += text;
}

// {"username":"ann"} of {"table":"users","row":{"username":"ann"}}
std::string object_of(std::string_view line, const db::TableSchema& table) {
  std::string start = "{\"table\":";
  append_json_string(start, table.name);
  start += ",\"row\":";
  return std::string(line.substr(start.size(), line.size() - start.size() - 1));
}

}  // namespace

Result<std::optional<ImportBatch>> ImportBatches::next() {
  ImportBatch batch;
  size_t values = 0;
  uint64_t operations = 0;
  const auto add = [&](const std::string& text) {
    add_to_list(batch.operations, text);
    values += values_of(text);
    ++operations;
  };
  while (operations == 0) {
    if (phase_ == Phase::kDone) return std::nullopt;
    batch.table = table();
    batch.alone = begins_;
    if (begins_ && phase_ == Phase::kRows) {
      for (const std::string& text : plan_.raise_counter(table())) add(text);
    }
    begins_ = false;
    while (operations < kMaxOperations) {
      const auto more = next_operation();
      if (!more) return fail(more.error());
      if (!*more) break;
      const bool fits = batch.operations.size() + ahead_.text.size() < kMaxBytes &&
                        values + values_of(ahead_.text) <= kMaxValues;
      if (operations > 0 && !fits) break;
      has_ahead_ = false;
      add(ahead_.text);
      if (batch.first_line == 0) batch.first_line = ahead_.line;
      batch.last_line = ahead_.line;
      if (phase_ == Phase::kRows) ++batch.rows;
      if (with_ == With::kKeys) add_to_list(batch.keys, ahead_.key);
      if (!ahead_.object.empty()) add_to_list(batch.objects, ahead_.object);
    }
    if (!has_ahead_ && operations < kMaxOperations && !next_table()) phase_ = Phase::kDone;
  }
  batch.number = ++made_;
  return batch;
}

// False: that was the last.
bool ImportBatches::next_table() {
  lines_.reset();
  begins_ = true;
  if (++place_ < plan_.order().size()) return true;
  place_ = 0;
  phase_ = phase_ == Phase::kRows ? Phase::kLate : Phase::kDone;
  return phase_ == Phase::kLate;
}

// Into ahead_. False: the table has no more.
Result<bool> ImportBatches::next_operation() {
  if (has_ahead_) return true;
  const ExportSection& section = file_.sections()[table()];
  if (phase_ == Phase::kLate && !plan_.has_late_columns(table())) return false;
  if (section.rows == 0) return false;
  if (!lines_) {
    lines_.emplace(file_.lines(section));
    line_ = section.first_line;
  }
  while (!has_ahead_) {
    std::string_view line;
    const auto more = lines_->next(line);
    if (!more) return fail(more.error());
    if (!*more) return false;
    if (Status made = make_operation(line); !made) {
      return fail(ErrorKind::kCorrupt, file_.name() + " was changed while it was read: line " +
                                           std::to_string(line_) + ": " + made.error().message);
    }
    ahead_.line = line_++;
  }
  return true;
}

Status ImportBatches::make_operation(std::string_view line) {
  const bool as_it_is = phase_ == Phase::kRows && !plan_.has_late_columns(table());
  if (as_it_is) ahead_.text = ImportPlan::insert_of_line(line);
  has_ahead_ = as_it_is;
  if (as_it_is && with_ == With::kOperations) return {};
  auto parsed = db::parse_snapshot_row(line, file_.header().schema);
  if (!parsed) return fail(std::move(parsed.error()));
  auto* row = std::get_if<db::Operation>(&*parsed);
  if (row == nullptr || row->table != table()) return fail(ErrorKind::kCorrupt, "another row");
  const db::TableSchema& about = file_.header().schema.tables()[table()];
  ahead_.key.clear();
  db::append_json(ahead_.key, row->row[about.key]);
  ahead_.object = as_it_is ? object_of(line, about) : "";
  if (as_it_is) return {};
  ahead_.text = phase_ == Phase::kRows ? plan_.insert_without_late(table(), row->row)
                                       : plan_.late_update(table(), row->row);
  has_ahead_ = !ahead_.text.empty();
  return {};
}

}  // namespace tandem::client

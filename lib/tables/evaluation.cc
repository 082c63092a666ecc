#include "tables/evaluation.h"

#include <utility>

#include "base/check.h"
#include "tables/codec.h"
#include "tables/planted.h"

namespace tandem::tables {

using db::Change;
using repl::Applied;

namespace {

// Beside its text, of a value that is sent.
constexpr size_t kValueBytes = 8;

size_t sent_bytes(const db::Value& value) { return kValueBytes + db::text_bytes(value); }

size_t sent_bytes(const db::RowPtr& row) {
  size_t bytes = 0;
  for (const db::Value& value : *row) {
    if (!db::is_elsewhere(value)) bytes += sent_bytes(value);
  }
  return bytes;
}

// Of each table in parts that are sent one after the other; one part at least.
std::vector<std::vector<db::TableChanges>> sliced(std::vector<db::TableChanges> changes,
                                                  size_t slice_bytes) {
  std::vector<std::vector<db::TableChanges>> slices(1);
  slices[0].resize(changes.size());
  size_t bytes = 0;
  const auto into = [&](size_t table, size_t more) -> db::TableChanges& {
    if (bytes > 0 && bytes + more > slice_bytes) {
      slices.emplace_back(changes.size());
      bytes = 0;
    }
    bytes += more;
    return slices.back()[table];
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    for (db::Value& key : changes[i].erased) {
      into(i, sent_bytes(key)).erased.push_back(std::move(key));
    }
    for (db::RowPtr& row : changes[i].put) into(i, sent_bytes(row)).put.push_back(std::move(row));
  }
  return slices;
}

}  // namespace

Group first_group(const std::deque<wire::Entry>& entries, const db::PartialDatabase& database,
                  const GroupLimits& limits) {
  Group group;
  size_t bytes = 0;
  uint64_t memory_bytes = 0;
  for (const wire::Entry& entry : entries) {
    const bool is_command = entry.type == wire::EntryType::kCommand;
    auto command =
        is_command ? database.parse(entry.payload) : db::PartialDatabase::Parsed(Applied{});
    const bool special = Evaluation::changes_whole_tables(command, database);
    if (const auto* change = std::get_if<Change>(&command)) {
      memory_bytes += db::memory_of(*change, database.schema(), database.tables());
    }
    const bool is_full = special || group.entries.size() >= limits.entries ||
                         bytes >= limits.bytes || memory_bytes > limits.memory_bytes;
    if (!group.entries.empty() && is_full) break;
    group.entries.push_back(entry);
    group.commands.push_back(std::move(command));
    bytes += entry.payload.size();
    if (special) break;
  }
  return group;
}

Evaluation::Evaluation(std::shared_ptr<WorkingSet> set, Group group)
    : set_(std::move(set)),
      database_(set_->database),
      sql_(set_->sql),
      keys_(set_->keys),
      group_(std::move(group)),
      elsewhere_(sql_.size()) {
  if (group_.entries.size() == 1 && changes_whole_tables(group_.commands.front(), database_)) {
    return;
  }
  std::vector<const Change*> changes;
  for (const db::PartialDatabase::Parsed& command : group_.commands) {
    if (const auto* change = std::get_if<Change>(&command)) changes.push_back(change);
  }
  elsewhere_ = db::columns_elsewhere(changes, database_.schema(), database_.tables());
  for (const Change* change : changes) database_.rehearse(*change);
  database_.end_rehearsal();
}

bool Evaluation::changes_whole_tables(const db::PartialDatabase::Parsed& command,
                                      const db::PartialDatabase& database) {
  if (const auto* change = std::get_if<Change>(&command)) {
    return !database.emptied_by(*change).empty();
  }
  return !std::holds_alternative<Applied>(command);
}

void Evaluation::add_fetch(pg::Batch& batch) {
  if (!keys_are_here_) keys_.add_fetch(batch, entries());
  fetches_.clear();
  for (size_t i = 0; i < sql_.size(); ++i) {
    if (database_.missing(i).empty()) continue;
    const db::TableSchema& table = database_.schema().tables()[i];
    Fetch& fetch =
        fetches_.emplace_back(Fetch{i, database_.missing(i), FetchedRow(table, elsewhere_[i])});
    fetch.statements = sql_[i].fetch(batch, fetch.missing, fetch.row);
  }
}

uint64_t Evaluation::rows_to_search() const {
  uint64_t rows = 0;
  for (const Fetch& fetch : fetches_) {
    const bool all = fetch.missing.ranges.contains(db::Range{});
    const uint64_t searches = fetch.missing.wheres.size() + (all ? 1 : 0);
    rows += searches * database_.tables()[fetch.table].row_count();
  }
  return rows;
}

Status Evaluation::take(const std::vector<pg::Rows>& rows, size_t at) {
  if (!std::exchange(keys_are_here_, true)) {
    if (Status taken = keys_.take(rows, at); !taken) return taken;
    at += KeyMemory::kFetches;
  }
  for (const Fetch& fetch : fetches_) {
    const db::TableSchema& table = database_.schema().tables()[fetch.table];
    const size_t end = at + fetch.statements;
    const size_t by_where = end - fetch.missing.wheres.size();
    auto below = fetch.missing.below.begin();
    std::vector<uint64_t> found;
    for (; at < end; ++at) {
      const bool is_below = at < by_where && at + fetch.missing.below.size() >= by_where;
      for (size_t i = 0; i < rows[at].size(); ++i) {
        const db::RowPtr row = fetch.row.row_of(rows[at], i);
        database_.load(fetch.table, row);
        if (is_below) database_.know_below(fetch.table, below->first, (*row)[table.key]);
      }
      if (is_below) ++below;
      if (at >= by_where) found.push_back(rows[at].size());
    }
    database_.know(fetch.table, fetch.missing, found);
  }
  fetches_.clear();
  return {};
}

bool Evaluation::go_on() {
  CHECK(keys_are_here_);
  while (answers_.size() < entries().size()) {
    if (!carry_out(answers_.size())) return false;
    key_is_judged_ = false;
  }
  return true;
}

bool Evaluation::carry_out(size_t number) {
  const wire::Entry& entry = entries()[number];
  if (entry.type != wire::EntryType::kCommand) {
    keys_.opened(entry);
    answers_.emplace_back();
    return true;
  }
  // Once, however often the entry is tried: the clock of keys moves on.
  if (!std::exchange(key_is_judged_, true)) {
    if (auto answer = keys_.advance(entry)) {
      answers_.push_back(std::move(answer));
      return true;
    }
  }
  if (const auto* refusal = std::get_if<Applied>(&group_.commands[number])) {
    answer(entry, *refusal);
    return true;
  }
  const auto* change = std::get_if<Change>(&group_.commands[number]);
  if (change == nullptr || special() != nullptr) return false;
  const std::optional<Applied> done = database_.carry_out(*change, entry.index);
  if (!done) return false;
  answer(entry, *done);
  return true;
}

void Evaluation::answer(const wire::Entry& entry, const Applied& answer) {
  keys_.carried_out(entry, answer);
  answers_.emplace_back(answer);
}

const db::PartialDatabase::Parsed* Evaluation::special() const {
  if (!answers_.empty() || !keys_are_here_) return nullptr;
  const bool is_special =
      entries().size() == 1 && changes_whole_tables(group_.commands.front(), database_);
  return is_special ? &group_.commands.front() : nullptr;
}

void Evaluation::answer_special(const Applied& done) {
  CHECK(special() != nullptr && entries().size() == 1);
  answer(entries().front(), done);
}

void Evaluation::add_keys(pg::Batch& batch) const {
  keys_.add_write(batch);
  if (planted(Bug::kKeysApart)) batch.add_once("COMMIT").add_once("BEGIN");
}

void Evaluation::begin_write(const GroupLimits& limits) {
  slices_ = sliced(database_.changes(), limits.slice_bytes);
}

pg::Batch Evaluation::next_write() {
  CHECK(!is_written());
  const bool is_last = written_ + 1 == slices_.size();
  pg::Batch batch(is_last ? pg::Place::kCloses : pg::Place::kWithin);
  if (written_ == 0) add_keys(batch);
  const std::vector<db::TableChanges> slice = std::move(slices_[written_++]);
  for (size_t i = 0; i < slice.size(); ++i) sql_[i].write(batch, slice[i]);
  return batch;
}

}  // namespace tandem::tables

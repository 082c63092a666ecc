#include "tables/evaluation.h"

#include <utility>

#include "base/check.h"
#include "tables/codec.h"
#include "tables/planted.h"

namespace tandem::tables {

using db::Change;
using repl::Applied;

Evaluation::Evaluation(std::shared_ptr<WorkingSet> set, std::vector<wire::Entry> entries)
    : set_(std::move(set)),
      database_(set_->database),
      sql_(set_->sql),
      keys_(set_->keys),
      entries_(std::move(entries)) {
  for (const wire::Entry& entry : entries_) {
    const bool is_command = entry.type == wire::EntryType::kCommand;
    commands_.push_back(is_command ? database_.parse(entry.payload) : Applied{});
  }
  if (entries_.size() == 1 && changes_whole_tables(commands_.front(), database_)) return;
  for (const db::PartialDatabase::Parsed& command : commands_) {
    if (const auto* change = std::get_if<Change>(&command)) database_.rehearse(*change);
  }
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
  if (!keys_are_here_) keys_.add_fetch(batch, entries_);
  fetches_.clear();
  for (size_t i = 0; i < sql_.size(); ++i) {
    if (database_.missing(i).empty()) continue;
    Fetch& fetch = fetches_.emplace_back(Fetch{i, database_.missing(i)});
    fetch.statements = sql_[i].fetch(batch, fetch.missing);
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
        const db::RowPtr row = row_of(rows[at], i, table);
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
  while (answers_.size() < entries_.size()) {
    if (!carry_out(answers_.size())) return false;
    key_is_judged_ = false;
  }
  return true;
}

bool Evaluation::carry_out(size_t number) {
  const wire::Entry& entry = entries_[number];
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
  if (const auto* refusal = std::get_if<Applied>(&commands_[number])) {
    answer(entry, *refusal);
    return true;
  }
  const auto* change = std::get_if<Change>(&commands_[number]);
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
      entries_.size() == 1 && changes_whole_tables(commands_.front(), database_);
  return is_special ? &commands_.front() : nullptr;
}

void Evaluation::answer_special(const Applied& done) {
  CHECK(special() != nullptr && entries_.size() == 1);
  answer(entries_.front(), done);
}

void Evaluation::add_write(pg::Batch& batch) const {
  keys_.add_write(batch);
  if (planted(Bug::kKeysApart)) batch.add_once("COMMIT").add_once("BEGIN");
  const std::vector<db::TableChanges> changes = database_.changes();
  for (size_t i = 0; i < changes.size(); ++i) sql_[i].write(batch, changes[i]);
}

}  // namespace tandem::tables

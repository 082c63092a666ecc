#include "db/partial_database.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "db/answer.h"
#include "db/write_cost.h"

namespace tandem::db {

PartialDatabase::PartialDatabase(const Limits& limits, uint64_t small_range)
    : limits_(limits), small_range_(small_range), schema_(std::make_shared<const Schema>()) {}

void PartialDatabase::reset(std::shared_ptr<const Schema> schema,
                            const std::vector<TableFacts>& facts) {
  CHECK(rehearsed_.empty() && facts.size() == schema->tables().size());
  tables_.clear();
  residency_.clear();
  schema_ = std::move(schema);
  for (size_t i = 0; i < facts.size(); ++i) {
    Table& table = tables_.emplace_back(schema_->tables()[i],
                                        &residency_.emplace_back(facts[i].rows, small_range_));
    table.set_counter(facts[i].counter);
    table.set_longest_texts(facts[i].longest_texts);
    table.set_text_bytes(facts[i].text_bytes);
  }
}

std::vector<TableFacts> PartialDatabase::facts() const {
  std::vector<TableFacts> facts;
  for (const Table& table : tables_) {
    facts.push_back(
        {table.row_count(), table.counter(), table.longest_texts(), table.text_bytes()});
  }
  return facts;
}

PartialDatabase::Parsed PartialDatabase::parse(std::string_view command) const {
  const auto json = wire::parse_json(command);
  if (!json) return refused(json.error());
  auto parsed = parse_command(*json, *schema_, limits_);
  if (!parsed) return refused(parsed.error());
  return std::visit([](auto& kind) -> Parsed { return std::move(kind); }, *parsed);
}

std::vector<size_t> PartialDatabase::emptied_by(const Change& change) const {
  std::vector<size_t> emptied = db::emptied_by(change, *schema_, tables_);
  uint64_t rows = 0;
  for (const size_t table : emptied) rows += tables_[table].row_count();
  return rows > small_range_ ? emptied : std::vector<size_t>();
}

std::vector<size_t> PartialDatabase::marks() const {
  std::vector<size_t> marks;
  for (const Residency& residency : residency_) marks.push_back(residency.changed().size());
  return marks;
}

void PartialDatabase::undo_to(const std::vector<size_t>& marks) {
  for (size_t i = 0; i < marks.size(); ++i) residency_[i].undone(marks[i]);
}

void PartialDatabase::rehearse(const Change& change) {
  if (rehearsed_.empty()) before_rehearsal_ = marks();
  Transaction& transaction = rehearsed_.emplace_back(*schema_, tables_, unlimited_);
  answer_change(transaction, change, 0);
}

void PartialDatabase::end_rehearsal() {
  if (rehearsed_.empty()) return;
  for (; !rehearsed_.empty(); rehearsed_.pop_back()) rehearsed_.back().undo();
  undo_to(before_rehearsal_);
}

std::optional<repl::Applied> PartialDatabase::carry_out(const Change& change, uint64_t index) {
  CHECK(rehearsed_.empty());
  uint64_t misses = 0;
  for (const Table& table : tables_) misses += table.misses();
  const std::vector<size_t> before = marks();
  Transaction transaction(*schema_, tables_, unlimited_);
  repl::Applied answer = answer_change(transaction, change, index);
  for (const Table& table : tables_) misses -= table.misses();
  if (misses == 0 && answer.status == 200) return answer;
  transaction.undo();
  undo_to(before);
  return misses == 0 ? std::optional(std::move(answer)) : std::nullopt;
}

bool PartialDatabase::misses_any() const {
  return std::any_of(residency_.begin(), residency_.end(),
                     [](const Residency& residency) { return !residency.missing().empty(); });
}

void PartialDatabase::know(size_t table, const Residency::Missing& fetched,
                           const std::vector<uint64_t>& found) {
  CHECK(found.size() == fetched.wheres.size());
  Residency& residency = residency_[table];
  for (const Value& key : fetched.keys) residency.know(key);
  for (const Range& range : fetched.ranges) residency.know(range);
  for (const auto& [index, keys] : fetched.below) {
    for (const Value& key : keys) residency.know_below(index, key);
  }
  auto rows = found.begin();
  for (const auto& [where, wanted] : fetched.wheres) residency.know(where, wanted, *rows++);
}

std::vector<TableChanges> PartialDatabase::changes() const {
  std::vector<TableChanges> changes(tables_.size());
  for (size_t i = 0; i < tables_.size(); ++i) {
    const std::vector<Value>& changed = residency_[i].changed();
    const std::set<Value, ValueLess> keys(changed.begin(), changed.end());
    for (const Value& key : keys) {
      if (RowPtr row = tables_[i].rows().share(key)) {
        changes[i].put.push_back(std::move(row));
      } else {
        changes[i].erased.push_back(key);
      }
    }
  }
  return changes;
}

void PartialDatabase::start_anew() {
  CHECK(rehearsed_.empty());
  for (size_t i = 0; i < tables_.size(); ++i) {
    Table next(schema_->tables()[i], &residency_[i]);
    next.set_counter(tables_[i].counter());
    next.set_longest_texts(tables_[i].longest_texts());
    next.set_text_bytes(tables_[i].text_bytes());
    residency_[i].clear();
    tables_[i] = std::move(next);
  }
}

}  // namespace tandem::db

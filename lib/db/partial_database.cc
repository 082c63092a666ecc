#include "db/partial_database.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "db/answer.h"

namespace tandem::db {

PartialDatabase::PartialDatabase(const Limits& limits)
    : limits_(limits), schema_(std::make_shared<const Schema>()) {}

void PartialDatabase::reset(std::shared_ptr<const Schema> schema,
                            const std::vector<TableFacts>& facts) {
  CHECK(rehearsed_.empty() && facts.size() == schema->tables().size());
  tables_.clear();
  residency_.clear();
  schema_ = std::move(schema);
  for (size_t i = 0; i < facts.size(); ++i) {
    Table& table =
        tables_.emplace_back(schema_->tables()[i], &residency_.emplace_back(facts[i].rows));
    table.set_counter(facts[i].counter);
    table.set_longest_texts(facts[i].longest_texts);
  }
}

std::vector<TableFacts> PartialDatabase::facts() const {
  std::vector<TableFacts> facts;
  for (const Table& table : tables_) {
    facts.push_back({table.row_count(), table.counter(), table.longest_texts()});
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
  return std::any_of(residency_.begin(), residency_.end(), [](const Residency& residency) {
    return !residency.missing_keys().empty() || !residency.missing_ranges().empty();
  });
}

void PartialDatabase::know(size_t table, const Residency::Keys& keys,
                           const Residency::Ranges& ranges) {
  for (const Value& key : keys) residency_[table].know(key);
  for (const Range& range : ranges) residency_[table].know(range);
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
    residency_[i].clear();
    tables_[i] = std::move(next);
  }
}

}  // namespace tandem::db

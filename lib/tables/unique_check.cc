#include "tables/unique_check.h"

#include <algorithm>
#include <string>
#include <utility>

#include "db/schema_change.h"
#include "tables/codec.h"
#include "tables/ddl.h"

namespace tandem::tables {

UniqueCheck::UniqueCheck(const db::Schema& from, db::Schema to) : from_(from), to_(std::move(to)) {
  for (size_t i = 0; i < from_.tables().size(); ++i) {
    const std::vector<db::IndexSchema>& old = from_.tables()[i].indexes;
    const std::vector<db::IndexSchema>& indexes = to_.tables()[i].indexes;
    for (size_t n = 0; n < indexes.size(); ++n) {
      const bool is_new = std::find(old.begin(), old.end(), indexes[n]) == old.end();
      if (indexes[n].unique && is_new) questions_.push_back({i, n});
    }
  }
}

// A column that is new has one value in every row: null, and no row is like another, or its default.
void UniqueCheck::add(pg::Batch& batch) {
  std::erase_if(questions_, [this](const Question& question) {
    const db::TableSchema& table = to_.tables()[question.table];
    const size_t columns = from_.tables()[question.table].columns.size();
    const std::vector<size_t>& index = table.indexes[question.index].columns;
    return std::any_of(index.begin(), index.end(), [&](size_t column) {
      return column >= columns && db::is_null(*table.columns[column].default_value);
    });
  });
  for (const Question& question : questions_) {
    const db::TableSchema& table = from_.tables()[question.table];
    const std::string key = quoted(table.key_column().name);
    std::string same = "true";
    std::string where;
    for (const size_t column : to_.tables()[question.table].indexes[question.index].columns) {
      if (column >= table.columns.size()) continue;
      const std::string name = quoted(table.columns[column].name);
      same += ", " + name;
      where += (where.empty() ? " WHERE " : " AND ") + name + " IS NOT NULL";
    }
    batch.add_once("SELECT " + key + " FROM (SELECT " + key + ", row_number() OVER (PARTITION BY " +
                       same + " ORDER BY " + key + ") AS tandem_n FROM " + table_name(table) +
                       where + ") AS ranked WHERE tandem_n > 1 ORDER BY " + key + " LIMIT 1",
                   {}, {result_type(table.key_column().type)});
  }
}

std::optional<Error> UniqueCheck::refusal(const std::vector<pg::Rows>& rows) const {
  const Question* first = nullptr;
  db::Value first_key;
  for (size_t i = 0; i < questions_.size(); ++i) {
    if (rows[i].empty()) continue;
    const Question& question = questions_[i];
    if (first != nullptr && first->table != question.table) break;
    db::Value key = value_of(rows[i], 0, 0, from_.tables()[question.table].key_column().type);
    if (first != nullptr && db::compare(key, first_key) >= 0) continue;
    first = &question;
    first_key = std::move(key);
  }
  if (first == nullptr) return std::nullopt;
  return db::not_unique(to_.tables()[first->table], first->index);
}

}  // namespace tandem::tables

#include "db/schema_change.h"

#include <algorithm>

namespace tandem::db {
namespace {

// Collects what does not fit, for one message.
class Refusals {
 public:
  void add(const std::string& at, const std::string& what) {
    if (!text_.empty()) text_ += "; ";
    text_ += at + ": " + what;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string_view on_delete_name(const Column& column) {
  if (column.references.empty()) return "nothing";
  return column.on_delete == OnDelete::kCascade ? "cascade" : "restrict";
}

void compare_columns(const std::string& at, const Column& from, const Column& to,
                     Refusals& refusals) {
  if (from.type != to.type) {
    refusals.add(at, "the type cannot change from " + std::string(type_name(from.type)) + " to " +
                         std::string(type_name(to.type)));
  }
  if (from.nullable != to.nullable) refusals.add(at, "'null' cannot change");
  if (from.default_value != to.default_value) refusals.add(at, "the default cannot change");
  if (from.references != to.references) refusals.add(at, "'references' cannot change");
  if (from.references == to.references && from.on_delete != to.on_delete) {
    refusals.add(at, "'on_delete' cannot change from " + std::string(on_delete_name(from)) +
                         " to " + std::string(on_delete_name(to)));
  }
}

// The columns of `to` by their numbers in `merged`, which holds all of them.
IndexSchema renumbered(const IndexSchema& index, const TableSchema& to, const TableSchema& merged) {
  IndexSchema out{.columns = {}, .unique = index.unique, .declared = true};
  for (const size_t column : index.columns) {
    out.columns.push_back(merged.find_column(to.columns[column].name));
  }
  return out;
}

size_t add_columns(const TableSchema& to, TableSchema& merged, Refusals& refusals) {
  size_t added = 0;
  for (const Column& column : to.columns) {
    if (merged.find_column(column.name) != TableSchema::kNoColumn) continue;
    merged.columns.push_back(column);
    ++added;
    const std::string at = named(merged, merged.columns.size() - 1);
    if (!column.default_value) {
      refusals.add(at, "a new column needs a default");
    } else if (!column.references.empty() && !is_null(*column.default_value)) {
      refusals.add(at, "a new column with a reference must be null by default");
    }
  }
  return added;
}

size_t add_indexes(const TableSchema& to, TableSchema& merged, Refusals& refusals) {
  std::vector<IndexSchema> wanted;
  for (const IndexSchema& index : to.indexes) {
    if (index.declared) wanted.push_back(renumbered(index, to, merged));
  }
  // What was made for references is made again where it is still needed.
  std::erase_if(merged.indexes, [](const IndexSchema& index) { return !index.declared; });
  for (const IndexSchema& index : merged.indexes) {
    if (std::find(wanted.begin(), wanted.end(), index) == wanted.end()) {
      refusals.add(named(merged, index.columns.front()), "an index on it cannot be removed");
    }
  }
  size_t added = 0;
  for (IndexSchema& index : wanted) {
    if (std::find(merged.indexes.begin(), merged.indexes.end(), index) != merged.indexes.end()) {
      continue;
    }
    merged.indexes.push_back(std::move(index));
    ++added;
  }
  return added;
}

size_t merge_table(const TableSchema& from, const TableSchema& to, TableSchema& merged,
                   Refusals& refusals) {
  merged = from;
  if (from.key_column().name != to.key_column().name) {
    refusals.add(named(from), "the key cannot change from '" + from.key_column().name + "' to '" +
                                  to.key_column().name + "'");
  }
  if (from.auto_increment != to.auto_increment) {
    refusals.add(named(from), "auto_increment cannot change");
  }
  for (size_t i = 0; i < from.columns.size(); ++i) {
    const size_t other = to.find_column(from.columns[i].name);
    if (other == TableSchema::kNoColumn) {
      refusals.add(named(from, i), "cannot be removed");
    } else {
      compare_columns(named(from, i), from.columns[i], to.columns[other], refusals);
    }
  }
  const size_t columns = add_columns(to, merged, refusals);
  return columns + add_indexes(to, merged, refusals);
}

}  // namespace

Result<SchemaChange> change_schema(const Schema& from, const Schema& to) {
  Refusals refusals;
  SchemaChange change;
  std::vector<TableSchema> tables;
  for (const TableSchema& table : from.tables()) {
    const TableSchema* other = to.find(table.name);
    if (other == nullptr) {
      refusals.add(named(table), "cannot be removed");
    } else {
      change.added += merge_table(table, *other, tables.emplace_back(), refusals);
    }
  }
  for (const TableSchema& table : to.tables()) {
    if (from.find(table.name) != nullptr) continue;
    tables.push_back(table);
    ++change.added;
  }
  if (!refusals.text().empty()) {
    return fail(ErrorKind::kConflict, "the schema does not fit: " + refusals.text());
  }
  auto linked = Schema::link(std::move(tables));
  if (!linked) return fail(linked.error());
  change.schema = std::move(*linked);
  return change;
}

Error not_unique(const TableSchema& table, size_t index) {
  std::string columns;
  for (const size_t column : table.indexes[index].columns) {
    columns += (columns.empty() ? "'" : ", '") + table.columns[column].name + "'";
  }
  return {ErrorKind::kConflict, "the schema does not fit: " + named(table) +
                                    " has rows with the same " + columns +
                                    ", which would have to be unique"};
}

}  // namespace tandem::db

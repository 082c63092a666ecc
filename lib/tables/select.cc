#include "tables/select.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <variant>

#include "base/json_string.h"
#include "tables/ddl.h"

namespace tandem::tables {
namespace {

using db::Operator;
using db::TableSchema;
using db::Term;

bool holds_nul(const db::Value& value) {
  const auto has_nul = [](const std::string& text) { return text.find('\0') != text.npos; };
  if (const auto* text = std::get_if<std::string>(&value)) return has_nul(*text);
  const auto* list = std::get_if<db::TextList>(&value);
  return list != nullptr && std::any_of(list->begin(), list->end(), has_nul);
}

class Writer {
 public:
  explicit Writer(const TableSchema& table) : table_(table) {}

  void add(std::string_view text) { select_.sql += text; }
  void add_table() { add(" FROM " + table_name(table_) + " AS t"); }
  void add_where(const db::Where& where) {
    const char* before = " WHERE ";
    for (const Term& term : where.terms) {
      add(before);
      before = " AND ";
      add_term(term);
    }
  }
  // Keys differ, so that one of them orders all.
  void add_order(const db::Query& query) {
    bool has_key = false;
    const char* before = " ORDER BY t.";
    for (const db::OrderColumn& by : query.order) {
      add(before);
      before = ", t.";
      add(in_order(table_.columns[by.column], by.falling));
      has_key = has_key || by.column == table_.key;
    }
    if (!has_key) add(before + in_order(table_.key_column(), false));
  }
  void add_number(std::string_view before, size_t number) {
    constexpr auto kMost = static_cast<size_t>(std::numeric_limits<int64_t>::max());
    select_.parameters.int64(static_cast<int64_t>(std::min(number, kMost)));
    add(before);
    add(next());
  }
  Select done(std::vector<pg::Type> columns) {
    select_.columns = std::move(columns);
    return std::move(select_);
  }

 private:
  // "$3", of the parameter that was added last.
  std::string next() const { return "$" + std::to_string(select_.parameters.size()); }

  void compare(const std::string& name, const char* op, const Term& term) {
    const db::Type type = table_.columns[term.column].type;
    append_value(select_.parameters, term.value, type);
    add(name + op + parameter(select_.parameters.size(), type));
  }

  // No text that is stored holds U+0000. In an order such a value stands right behind what comes
  // before its first one.
  bool add_with_nul(const std::string& name, const Term& term) {
    if (!holds_nul(term.value)) return false;
    if (term.op == Operator::kEq || term.op == Operator::kNe) {
      add(term.op == Operator::kEq ? "false" : "true");
      return true;
    }
    const auto& text = std::get<std::string>(term.value);
    const bool below = term.op == Operator::kLt || term.op == Operator::kLe;
    select_.parameters.text(std::string_view(text).substr(0, text.find('\0')));
    add(name + (below ? " <= " : " > ") + next());
    return true;
  }

  void add_term(const Term& term) {
    const db::Column& column = table_.columns[term.column];
    const std::string name = "t." + quoted(column.name);
    const bool is_null = db::is_null(term.value);
    if (add_with_nul(name, term)) return;
    switch (term.op) {
      case Operator::kEq:
        return is_null ? add(name + " IS NULL") : compare(name, " = ", term);
      case Operator::kNe:
        if (is_null) return add(name + " IS NOT NULL");
        return compare(name, column.nullable ? " IS DISTINCT FROM " : " <> ", term);
      case Operator::kLt:
        return compare(name, " < ", term);
      case Operator::kLe:
        return compare(name, " <= ", term);
      case Operator::kGt:
        return compare(name, " > ", term);
      case Operator::kGe:
        return compare(name, " >= ", term);
      case Operator::kIn:
        return add_in(name, column.type, term.values);
    }
  }

  void add_in(const std::string& name, db::Type type, const std::vector<db::Value>& values) {
    std::vector<const db::Value*> given;
    for (const db::Value& value : values) {
      if (!db::is_null(value) && !holds_nul(value)) given.push_back(&value);
    }
    const bool has_null = !values.empty() && db::is_null(values.front());
    if (given.empty()) return add(has_null ? name + " IS NULL" : "false");
    if (has_null) add("(");
    append_values(select_.parameters, given, type);
    add(name);
    // There are no arrays of arrays of different lengths.
    if (type == db::Type::kTextList) {
      add(" IN (SELECT u.c0::text[] FROM unnest(" + next() + "::text[]) AS u(c0))");
    } else {
      add(" = ANY (" + next() + "::" + std::string(array_type(type)) + ")");
    }
    if (has_null) add(" OR " + name + " IS NULL)");
  }

  const TableSchema& table_;
  Select select_;
};

// Whether it means one row at most.
bool is_by_key(const db::Query& query, const TableSchema& table) {
  return std::any_of(query.where.terms.begin(), query.where.terms.end(), [&](const Term& term) {
    return term.column == table.key && term.op == Operator::kEq;
  });
}

}  // namespace

Select select_rows(const db::Query& query, const TableSchema& table, size_t most) {
  Writer writer(table);
  std::vector<pg::Type> types;
  const char* before = "SELECT t.";
  for (const size_t column : query.columns) {
    writer.add(before);
    before = ", t.";
    writer.add(quoted(table.columns[column].name));
    types.push_back(result_type(table.columns[column].type));
  }
  writer.add_table();
  writer.add_where(query.where);
  const bool is_one = is_by_key(query, table);
  if (!is_one) writer.add_order(query);
  if (!is_one || most == 0) writer.add_number(" LIMIT ", most);
  if (query.offset > 0) writer.add_number(" OFFSET ", query.offset);
  return writer.done(std::move(types));
}

Select select_matching(const db::Where& where, const TableSchema& table, const FetchedRow& row,
                       uint64_t most) {
  Writer writer(table);
  writer.add("SELECT " + row.columns());
  writer.add_table();
  writer.add_where(where);
  if (most != UINT64_MAX) writer.add_number(" LIMIT ", most);
  return writer.done(row.types());
}

Select select_count(const db::Query& query, const TableSchema& table) {
  Writer writer(table);
  writer.add("SELECT count(*)");
  writer.add_table();
  writer.add_where(query.where);
  return writer.done({pg::Type::kInt64});
}

Select select_count_up_to(const db::Query& query, const TableSchema& table, size_t most) {
  Writer writer(table);
  writer.add("SELECT count(*) FROM (SELECT");
  writer.add_table();
  writer.add_where(query.where);
  writer.add_number(" LIMIT ", most);
  if (query.offset > 0) writer.add_number(" OFFSET ", query.offset);
  writer.add(") AS found");
  return writer.done({pg::Type::kInt64});
}

void append_cell(std::string& out, const pg::Rows& rows, size_t row, size_t column, db::Type type) {
  if (rows.is_null(row, column)) {
    out += "null";
  } else if (type == db::Type::kText) {
    append_json_string(out, rows.text(row, column));
  } else {
    db::append_json(out, value_of(rows, row, column, type));
  }
}

}  // namespace tandem::tables

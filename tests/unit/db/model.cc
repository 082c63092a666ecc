#include "db/model.h"

#include <algorithm>

namespace tandem::db {
namespace {

using wire::Json;

int order_of(const Json& a, const Json& b) {
  if (a.is_null() || b.is_null())
    return static_cast<int>(b.is_null()) - static_cast<int>(a.is_null());
  if (a.as_int() != nullptr) return *a.as_int() < *b.as_int() ? -1 : *a.as_int() > *b.as_int();
  if (a.as_string() != nullptr) return a.as_string()->compare(*b.as_string());
  return a == b ? 0 : 1;
}

bool compares(const std::string& op, const Json& cell, const Json& value) {
  if (op == "ne") return !(cell == value);
  if (op == "in") {
    const Json::Array& values = *value.as_array();
    return std::find(values.begin(), values.end(), cell) != values.end();
  }
  if (cell.is_null()) return false;
  const int order = order_of(cell, value);
  return (op == "lt" && order < 0) || (op == "le" && order <= 0) || (op == "gt" && order > 0) ||
         (op == "ge" && order >= 0);
}

bool holds(const Json* where, const Json& row) {
  if (where == nullptr) return true;
  for (const auto& [column, wanted] : *where->as_object()) {
    const Json& cell = *row.find(column);
    if (wanted.as_object() == nullptr) {
      if (!(cell == wanted)) return false;
      continue;
    }
    for (const auto& [op, value] : *wanted.as_object()) {
      if (!compares(op, cell, value)) return false;
    }
  }
  return true;
}

bool same_in_all(const Json& a, const Json& b, const Json::Array& columns) {
  return std::all_of(columns.begin(), columns.end(), [&](const Json& name) {
    const Json& cell = *a.find(*name.as_string());
    return !cell.is_null() && cell == *b.find(*name.as_string());
  });
}

Json affected(size_t rows) { return Json(Json::Object{{"affected", static_cast<int64_t>(rows)}}); }

}  // namespace

Model::Outcome Model::apply(const Json& command) {
  State next = state_;
  if (command.find("clear") != nullptr) {
    size_t rows = 0;
    for (auto& [name, list] : next.rows) rows += list.size();
    next.rows.clear();
    state_ = next;
    return {.status = 200, .results = "[" + affected(rows).dump() + "]"};
  }
  if (const Json* conditions = command.find("if")) {
    for (size_t i = 0; i < conditions->as_array()->size(); ++i) {
      const Json& condition = (*conditions->as_array())[i];
      const auto& rows = next.rows[*condition.find("table")->as_string()];
      const auto found = std::count_if(rows.begin(), rows.end(), [&](const Json& row) {
        return holds(condition.find("where"), row);
      });
      const bool good = condition.find("count") != nullptr
                            ? found == *condition.find("count")->as_int()
                            : (found > 0) == *condition.find("exists")->as_bool();
      if (!good) return {.status = 409, .results = "", .condition = static_cast<int64_t>(i)};
    }
  }
  Json::Array operations{command};
  if (const Json* ops = command.find("ops")) operations = *ops->as_array();
  Json::Array results;
  for (size_t i = 0; i < operations.size(); ++i) {
    std::optional<Json> result = run(next, operations[i]);
    if (!result) {
      return {.status = 409, .results = "", .condition = -1, .operation = static_cast<int64_t>(i)};
    }
    results.push_back(std::move(*result));
  }
  state_ = std::move(next);
  return {.status = 200, .results = Json(std::move(results)).dump()};
}

std::optional<Json> Model::run(State& state, const Json& operation) const {
  const std::string& op = *operation.find("op")->as_string();
  if (op == "insert") return put(state, operation, false);
  if (op == "upsert") return put(state, operation, true);
  if (op == "update") return update(state, operation);
  return remove(state, operation);
}

// Whether the row may stand beside the others: unique indexes and references.
bool Model::fits(const State& state, const std::string& name, const Json& row) const {
  const Json& own_key = *row.find(key(name));
  const auto rows_of = [&](const std::string& of) {
    const auto found = state.rows.find(of);
    return found == state.rows.end() ? std::vector<Json>() : found->second;
  };
  for (const Json& column : *table(name).find("columns")->as_array()) {
    const Json* references = column.find("references");
    const Json& cell = *row.find(*column.find("name")->as_string());
    if (references == nullptr || cell.is_null()) continue;
    const std::string& target = *references->as_string();
    const std::vector<Json> targets = rows_of(target);
    const bool there = std::any_of(targets.begin(), targets.end(), [&](const Json& other) {
      return *other.find(key(target)) == cell;
    });
    if (!there && !(target == name && cell == own_key)) return false;
  }
  if (table(name).find("indexes") == nullptr) return true;
  for (const Json& index : *table(name).find("indexes")->as_array()) {
    if (index.find("unique") == nullptr) continue;
    for (const Json& other : rows_of(name)) {
      if (*other.find(key(name)) == own_key) continue;
      if (same_in_all(row, other, *index.find("columns")->as_array())) return false;
    }
  }
  return true;
}

std::optional<Json> Model::put(State& state, const Json& operation, bool replace) const {
  const std::string& name = *operation.find("table")->as_string();
  const Json& given = *operation.find("row");
  const bool counts = table(name).find("auto_increment") != nullptr;
  int64_t& counter = state.counters[name];
  Json row = Json::Object{};
  for (const Json& column : *table(name).find("columns")->as_array()) {
    const std::string& column_name = *column.find("name")->as_string();
    const Json* cell = given.find(column_name);
    if (cell == nullptr) cell = column.find("default");
    row.set(column_name, cell != nullptr ? *cell : Json());
  }
  if (counts && row.find(key(name))->is_null()) {
    if (counter == INT64_MAX) return std::nullopt;
    row.set(key(name), counter + 1);
  }
  const Json own_key = *row.find(key(name));
  std::vector<Json>& rows = state.rows[name];
  const auto twin = std::find_if(rows.begin(), rows.end(), [&](const Json& other) {
    return *other.find(key(name)) == own_key;
  });
  if (twin != rows.end() && !replace) return std::nullopt;
  if (!fits(state, name, row)) return std::nullopt;
  if (counts) counter = std::max(counter, *own_key.as_int());
  if (twin != rows.end()) {
    *twin = row;
  } else {
    rows.push_back(row);
  }
  return affected(1).set("key", own_key);
}

std::optional<Json> Model::update(State& state, const Json& operation) const {
  const std::string& name = *operation.find("table")->as_string();
  std::vector<Json>& rows = state.rows[name];
  size_t changed = 0;
  for (Json& row : rows) {
    if (!holds(operation.find("where"), row)) continue;
    Json next = row;
    for (const auto& [column, value] : *operation.find("set")->as_object()) next.set(column, value);
    row = next;
    ++changed;
  }
  for (const Json& row : rows) {
    if (!fits(state, name, row)) return std::nullopt;
  }
  return affected(changed);
}

std::optional<Json> Model::remove(State& state, const Json& operation) const {
  const std::string& first = *operation.find("table")->as_string();
  const size_t removed = std::erase_if(
      state.rows[first], [&](const Json& row) { return holds(operation.find("where"), row); });
  // References held before; those that hang in the air now are to what was deleted.
  for (bool more = true; more;) {
    more = false;
    for (const auto& [name, table_schema] : *schema_.as_object()) {
      for (const Json& column : *table_schema.find("columns")->as_array()) {
        const Json* references = column.find("references");
        if (references == nullptr || *column.find("on_delete")->as_string() != "cascade") continue;
        const std::string target = *references->as_string();
        const std::vector<Json> targets = state.rows[target];
        more |= std::erase_if(state.rows[name], [&](const Json& row) {
                  const Json& cell = *row.find(*column.find("name")->as_string());
                  return !cell.is_null() &&
                         std::none_of(targets.begin(), targets.end(), [&](const Json& other) {
                           return *other.find(key(target)) == cell;
                         });
                }) > 0;
      }
    }
  }
  for (const auto& [name, rows] : state.rows) {
    for (const Json& row : rows) {
      if (!fits(state, name, row)) return std::nullopt;
    }
  }
  return affected(removed);
}

std::string Model::query(const Json& query) const {
  const std::string& name = *query.find("table")->as_string();
  std::vector<Json> rows;
  if (const auto found = state_.rows.find(name); found != state_.rows.end()) {
    std::copy_if(found->second.begin(), found->second.end(), std::back_inserter(rows),
                 [&](const Json& row) { return holds(query.find("where"), row); });
  }
  if (query.find("count") != nullptr) return "[" + std::to_string(rows.size()) + "]";
  Json::Array order;
  if (query.find("order") != nullptr) order = *query.find("order")->as_array();
  order.emplace_back(key(name));
  std::sort(rows.begin(), rows.end(), [&](const Json& a, const Json& b) {
    for (const Json& by : order) {
      const bool falling = by.as_string()->front() == '-';
      const std::string column = by.as_string()->substr(falling ? 1 : 0);
      const int sign = order_of(*a.find(column), *b.find(column));
      if (sign != 0) return falling ? sign > 0 : sign < 0;
    }
    return false;
  });
  const auto number = [&](const char* member, size_t otherwise) {
    const Json* value = query.find(member);
    return value == nullptr ? otherwise : static_cast<size_t>(*value->as_int());
  };
  Json::Array answer;
  const size_t offset = number("offset", 0);
  const size_t limit = number("limit", rows.size());
  for (size_t i = offset; i < rows.size() && i - offset < limit; ++i) {
    if (query.find("columns") == nullptr) {
      answer.push_back(rows[i]);
      continue;
    }
    Json row = Json::Object{};
    for (const Json& column : *query.find("columns")->as_array()) {
      row.set(*column.as_string(), *rows[i].find(*column.as_string()));
    }
    answer.push_back(std::move(row));
  }
  return Json(std::move(answer)).dump();
}

}  // namespace tandem::db

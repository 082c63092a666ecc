#include "tables.h"

#include <utility>

#include "base/number.h"
#include "daemon/suggest.h"
#include "wire/plain_value.h"

namespace tandem::client {
namespace {

using wire::Json;

std::string text_in(const Json& object, std::string_view member) {
  const Json* value = object.find(member);
  return value != nullptr && value->as_string() != nullptr ? *value->as_string() : "";
}

std::vector<std::string> names_of(const Json& schema) {
  std::vector<std::string> names;
  if (schema.as_object() == nullptr) return names;
  for (const auto& [name, table] : *schema.as_object()) names.push_back(name);
  return names;
}

const Json::Array& columns_of(const Json& table) {
  static const Json::Array kNone;
  const Json* columns = table.find("columns");
  return columns != nullptr && columns->as_array() != nullptr ? *columns->as_array() : kNone;
}

// The value that a text is for a column of that type.
Result<Json> value_of(const std::string& column, const std::string& type, const std::string& text) {
  if (type == "text") return Json(text);
  if (type == "boolean") {
    if (text == "true" || text == "false") return Json(text == "true");
  } else if (const auto number = parse_number<int64_t>(text)) {
    return Json(*number);
  }
  return fail(ErrorKind::kUsage,
              "'" + column + "=" + text + "': '" + column + "' is of type " + type);
}

Result<Json> condition_of(const std::string& table, const Json& declared, const std::string& column,
                          const std::string& text) {
  std::vector<std::string> names;
  for (const Json& each : columns_of(declared)) {
    names.push_back(text_in(each, "name"));
    if (names.back() == column) return value_of(column, text_in(each, "type"), text);
  }
  return fail(ErrorKind::kUsage, "table '" + table + "' has no column '" + column + "'" +
                                     daemon::suggestion(column, names));
}

}  // namespace

Json table_names(const Json& schema) {
  Json::Array names;
  for (const std::string& name : names_of(schema)) names.emplace_back(name);
  return names;
}

Result<Json> column_rows(const Json& schema, const std::string& table) {
  if (!table.empty() && schema.find(table) == nullptr) {
    return fail(ErrorKind::kNotFound,
                "there is no table '" + table + "'" + daemon::suggestion(table, names_of(schema)));
  }
  Json::Array rows;
  for (const std::string& name : names_of(schema)) {
    if (!table.empty() && name != table) continue;
    const Json& declared = *schema.find(name);
    for (const Json& column : columns_of(declared)) {
      const std::string column_name = text_in(column, "name");
      rows.emplace_back(Json::Object{{"table", name},
                                     {"column", column_name},
                                     {"type", text_in(column, "type")},
                                     {"key", column_name == text_in(declared, "key") ? "key" : ""},
                                     {"references", text_in(column, "references")}});
    }
  }
  return Json(std::move(rows));
}

Result<Json> query_of(const Json& schema, const std::string& table,
                      const std::vector<std::string>& conditions) {
  const Json* declared = schema.find(table);
  if (declared == nullptr) {
    return fail(ErrorKind::kNotFound,
                "there is no table '" + table + "'" + daemon::suggestion(table, names_of(schema)));
  }
  Json where = Json::Object{};
  for (const std::string& condition : conditions) {
    const size_t equals = condition.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(ErrorKind::kUsage, "'" + condition + "' is not COL=VALUE");
    }
    const std::string column = condition.substr(0, equals);
    if (where.find(column) != nullptr) {
      return fail(ErrorKind::kUsage, "'" + column + "' is given twice");
    }
    const auto text = wire::plain_value(std::string_view(condition).substr(equals + 1));
    if (!text) {
      return fail(ErrorKind::kUsage,
                  "'" + condition + "' is not COL=VALUE: " + text.error().message);
    }
    auto value = condition_of(table, *declared, column, std::string(*text));
    if (!value) return fail(value.error());
    where.set(column, std::move(*value));
  }
  Json query = Json::Object{{"table", table}};
  if (!conditions.empty()) query.set("where", std::move(where));
  return query;
}

}  // namespace tandem::client

#include "db/where.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "wire/plain_value.h"

namespace tandem::db {
namespace {

using wire::Json;

struct OperatorName {
  std::string_view name;
  Operator op;
};
constexpr OperatorName kOperators[] = {{"lt", Operator::kLt}, {"le", Operator::kLe},
                                       {"gt", Operator::kGt}, {"ge", Operator::kGe},
                                       {"ne", Operator::kNe}, {"in", Operator::kIn}};

const OperatorName* find_operator(std::string_view name) {
  for (const OperatorName& known : kOperators) {
    if (known.name == name) return &known;
  }
  return nullptr;
}

std::string_view name_of(Operator op) {
  for (const OperatorName& known : kOperators) {
    if (known.op == op) return known.name;
  }
  return "eq";
}

tl::unexpected<Error> bad(const TableSchema& table, size_t column, const std::string& what) {
  return fail(ErrorKind::kBadInput, named(table, column) + ": " + what);
}

Result<size_t> column_of(std::string_view name, const TableSchema& table) {
  const size_t column = table.find_column(name);
  if (column != TableSchema::kNoColumn) return column;
  return fail(ErrorKind::kBadInput, named(table) + " has no column '" + shortened(name, 64) + "'");
}

Result<Term> parse_in(const Json& json, const TableSchema& table, size_t column,
                      const Limits& limits) {
  if (json.as_array() == nullptr) {
    return bad(table, column, "'in' needs an array, not " + std::string(json.type_name()));
  }
  if (json.as_array()->size() > limits.list_items) {
    return bad(table, column,
               "'in' names more than " + std::to_string(limits.list_items) + " values");
  }
  const Column& declared = table.columns[column];
  Term term{.column = column, .op = Operator::kIn, .value = {}, .values = {}};
  for (const Json& item : *json.as_array()) {
    auto value = value_from_json(item, declared.type, declared.nullable, limits);
    if (!value) return bad(table, column, value.error().message);
    term.values.push_back(std::move(*value));
  }
  std::sort(term.values.begin(), term.values.end(),
            [](const Value& a, const Value& b) { return compare(a, b) < 0; });
  term.values.erase(std::unique(term.values.begin(), term.values.end()), term.values.end());
  return term;
}

Result<Term> parse_comparison(const std::string& name, const Json& json, const TableSchema& table,
                              size_t column, const Limits& limits) {
  const OperatorName* known = find_operator(name);
  if (known == nullptr) {
    return bad(
        table, column,
        "unknown operator '" + shortened(name, 64) + "': it must be lt, le, gt, ge, ne or in");
  }
  if (known->op == Operator::kIn) return parse_in(json, table, column, limits);
  const Column& declared = table.columns[column];
  const bool in_order = known->op != Operator::kNe;
  if (in_order && (declared.type == Type::kBoolean || declared.type == Type::kTextList)) {
    return bad(table, column,
               "'" + name + "' does not fit the type " + std::string(type_name(declared.type)));
  }
  auto value = value_from_json(json, declared.type, declared.nullable && !in_order, limits);
  if (!value) return bad(table, column, value.error().message);
  return Term{.column = column, .op = known->op, .value = std::move(*value), .values = {}};
}

Status parse_member(const Json::Member& member, const TableSchema& table, const Limits& limits,
                    Where& where) {
  const auto column = column_of(member.first, table);
  if (!column) return fail(column.error());
  const Json::Object* comparisons = member.second.as_object();
  if (comparisons == nullptr) {
    const Column& declared = table.columns[*column];
    auto value = value_from_json(member.second, declared.type, declared.nullable, limits);
    if (!value) return bad(table, *column, value.error().message);
    where.terms.push_back({*column, Operator::kEq, std::move(*value), {}});
    return {};
  }
  if (comparisons->empty()) {
    return bad(table, *column, "an operator is missing: lt, le, gt, ge, ne or in");
  }
  for (const auto& [name, json] : *comparisons) {
    auto term = parse_comparison(name, json, table, *column, limits);
    if (!term) return fail(term.error());
    where.terms.push_back(std::move(*term));
  }
  return {};
}

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

tl::unexpected<Error> bad_text(const TableSchema& table, std::string_view text,
                               std::string_view why) {
  return fail(ErrorKind::kBadInput, named(table) + ": 'where' as text must be column=value, not '" +
                                        shortened(text, 64) + "'" + std::string(why));
}

Result<Where> parse_text(std::string_view text, const TableSchema& table, const Limits& limits) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) return bad_text(table, text, "");
  const auto column = column_of(without_blanks(text.substr(0, equals)), table);
  if (!column) return fail(column.error());
  const std::string_view written = without_blanks(text.substr(equals + 1));
  const auto given = wire::plain_value(written);
  if (!given) return bad_text(table, text, ": " + given.error().message);
  // "a=b and c=d".
  const bool is_quoted = given->size() < written.size();
  if (!is_quoted && written.find('=') != std::string_view::npos) {
    return bad_text(table, text, ": a value with '=' in it needs quotes around it");
  }
  auto value = value_from_text(*given, table.columns[*column].type, limits);
  if (!value) return bad(table, *column, value.error().message);
  Where where;
  where.terms.push_back({*column, Operator::kEq, std::move(*value), {}});
  return where;
}

}  // namespace

bool Term::holds(const Row& row) const {
  const Value& cell = row[column];
  CHECK(!is_elsewhere(cell));
  switch (op) {
    case Operator::kEq:
      return compare(cell, value) == 0;
    case Operator::kNe:
      return compare(cell, value) != 0;
    case Operator::kLt:
      return !is_null(cell) && compare(cell, value) < 0;
    case Operator::kLe:
      return !is_null(cell) && compare(cell, value) <= 0;
    case Operator::kGt:
      return !is_null(cell) && compare(cell, value) > 0;
    case Operator::kGe:
      return !is_null(cell) && compare(cell, value) >= 0;
    case Operator::kIn:
      return std::binary_search(values.begin(), values.end(), cell,
                                [](const Value& a, const Value& b) { return compare(a, b) < 0; });
  }
  return false;
}

uint64_t Where::weight() const {
  constexpr uint64_t kComparisons = 4;
  constexpr uint64_t kTextBytes = 1024;
  uint64_t comparisons = 0;
  uint64_t bytes = 0;
  for (const Term& term : terms) {
    // As many as a search among the values takes.
    const auto times = std::max<uint64_t>(1, std::bit_width(term.values.size()));
    uint64_t longest = text_bytes(term.value);
    for (const Value& value : term.values) longest = std::max(longest, text_bytes(value));
    comparisons += times;
    bytes += times * longest;
  }
  return 1 + comparisons / kComparisons + bytes / kTextBytes;
}

Result<Where> parse_where(const Json* json, const TableSchema& table, const Limits& limits) {
  Where where;
  if (json == nullptr) return where;
  if (const std::string* text = json->as_string()) return parse_text(*text, table, limits);
  if (json->as_object() == nullptr) {
    return fail(ErrorKind::kBadInput, named(table) + ": 'where' must be an object, not " +
                                          std::string(json->type_name()));
  }
  for (const Json::Member& member : *json->as_object()) {
    Status status = parse_member(member, table, limits, where);
    if (!status) return fail(std::move(status.error()));
  }
  return where;
}

Json to_json(const Where& where, const TableSchema& table) {
  Json json = Json::Object{};
  for (const Term& term : where.terms) {
    const std::string& name = table.columns[term.column].name;
    if (term.op == Operator::kEq) {
      json.set(name, to_json(term.value));
      continue;
    }
    Json value = to_json(term.value);
    if (term.op == Operator::kIn) {
      Json::Array values;
      for (const Value& item : term.values) values.push_back(to_json(item));
      value = Json(std::move(values));
    }
    Json comparisons = json.find(name) != nullptr ? *json.find(name) : Json(Json::Object{});
    json.set(name, comparisons.set(name_of(term.op), std::move(value)));
  }
  return json;
}

}  // namespace tandem::db

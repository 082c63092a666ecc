// Rows with values at the edges of each type, and random queries for them: also such as are refused.
#pragma once

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "db/fixture.h"

namespace tandem::tables {

// Keys of each type; every type with and without null, in indexes of several columns.
inline constexpr std::string_view kEdgesSchema = R"({
  "texts":{"key":"k","columns":[{"name":"k","type":"text"},{"name":"t","type":"text"},
     {"name":"tn","type":"text","null":true},{"name":"n","type":"integer"},
     {"name":"nn","type":"integer","null":true},{"name":"b","type":"boolean"},
     {"name":"bn","type":"boolean","null":true},{"name":"at","type":"timestamp"},
     {"name":"atn","type":"timestamp","null":true},{"name":"l","type":"list of text"},
     {"name":"ln","type":"list of text","null":true}],
     "indexes":[["t"],["nn","tn"],["bn","n"],["at","b"],["tn","t"]]},
  "numbers":{"key":"k","columns":[{"name":"tn","type":"text","null":true},
     {"name":"k","type":"integer"},{"name":"nn","type":"integer","null":true}],
     "indexes":[{"columns":["tn","nn"],"unique":true},["nn"]]},
  "times":{"key":"k","columns":[{"name":"k","type":"timestamp"},
     {"name":"bn","type":"boolean","null":true}]},
  "flags":{"key":"k","columns":[{"name":"k","type":"boolean"},
     {"name":"ln","type":"list of text","null":true}]},
  "none":{"key":"k","columns":[{"name":"k","type":"integer"},{"name":"tn","type":"text","null":true}]}})";

class QueryGenerator {
 public:
  explicit QueryGenerator(uint64_t seed) : random_(seed), schema_(db::schema_of(kEdgesSchema)) {}

  std::string insert() {
    const db::TableSchema& table = schema_.tables()[below(schema_.tables().size() - 1)];
    wire::Json row;
    for (const db::Column& column : table.columns) row.set(column.name, value(column));
    wire::Json json;
    return json.set("table", table.name).set("op", "upsert").set("row", row).dump();
  }

  std::string read() {
    if (below(5) != 0) return query().dump();
    wire::Json::Array reads;
    for (size_t n = below(5); n > 0; --n) reads.push_back(query());
    wire::Json json;
    return json.set("reads", wire::Json(std::move(reads))).dump();
  }

  wire::Json query() {
    const db::TableSchema& table = schema_.tables()[below(schema_.tables().size())];
    wire::Json json;
    json.set("table", table.name);
    if (below(4) != 0) json.set("where", where(table));
    if (below(5) == 0) return json.set("count", true);
    if (below(2) == 0) json.set("columns", columns(table, false));
    if (below(3) != 0) json.set("order", columns(table, true));
    if (below(3) == 0) json.set("limit", size());
    if (below(4) == 0) json.set("offset", size());
    return json;
  }

 private:
  size_t below(size_t n) { return static_cast<size_t>(random_() % n); }
  bool odd() { return below(60) == 0; }

  wire::Json size() {
    constexpr int64_t kSizes[] = {
        0, 0, 1, 2, 5, 50, 1000, 100'000, 100'001, std::numeric_limits<int64_t>::max(), -1};
    if (odd()) return wire::Json("1");
    return wire::Json(kSizes[below(std::size(kSizes))]);
  }

  std::string text() {
    static const std::vector<std::string> kTexts = {"",
                                                    "a",
                                                    "A",
                                                    "b",
                                                    "B",
                                                    "ab",
                                                    "a b",
                                                    "a-b",
                                                    "aB",
                                                    "z",
                                                    "Z",
                                                    "_",
                                                    "-",
                                                    "9",
                                                    "10",
                                                    " ",
                                                    "é",
                                                    "e\u0301",
                                                    "è",
                                                    "ß",
                                                    "ss",
                                                    "ä",
                                                    "Ä",
                                                    "ø",
                                                    "\U0001F600",
                                                    "\U0010FFFF",
                                                    "\uFFFF",
                                                    "\u0301",
                                                    "ab\tc",
                                                    "\n",
                                                    "\x01",
                                                    "\x7f",
                                                    "'",
                                                    "\"",
                                                    "\\",
                                                    "\\\"",
                                                    "{}",
                                                    "{a,b}",
                                                    "NULL",
                                                    "null",
                                                    ",",
                                                    "a,b",
                                                    "$1",
                                                    "i",
                                                    "I",
                                                    "İ",
                                                    "ı",
                                                    "\u200b",
                                                    "中",
                                                    "ｱ",
                                                    "ア",
                                                    std::string(300, 'x'),
                                                    std::string(299, 'x') + "y"};
    return kTexts[below(kTexts.size())];
  }
  int64_t number() {
    constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
    constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
    constexpr int64_t kTwo53 = int64_t{1} << 53;
    constexpr int64_t kNumbers[] = {kMin,       kMin + 1,   kMax,       kMax - 1,   kTwo53,
                                    kTwo53 + 1, -kTwo53,    -1,         0,          1,
                                    2,          2147483647, 2147483648, -2147483648};
    return below(2) == 0 ? static_cast<int64_t>(below(20)) : kNumbers[below(std::size(kNumbers))];
  }

  wire::Json value(const db::Column& column) {
    if (column.nullable && below(4) == 0) return {};
    switch (column.type) {
      case db::Type::kBoolean:
        return wire::Json(below(2) == 0);
      case db::Type::kText:
        return wire::Json(text());
      case db::Type::kTextList: {
        wire::Json::Array list;
        for (size_t n = below(4); n > 0; --n) list.emplace_back(text());
        return wire::Json(std::move(list));
      }
      case db::Type::kInteger:
      case db::Type::kTimestamp:
        break;
    }
    return wire::Json(number());
  }
  // What a query compares with; now and then nothing that fits.
  wire::Json operand(const db::Column& column) {
    if (!odd()) return value(column);
    switch (below(8)) {
      case 0:
        return wire::Json(1.5);
      case 1:
        return wire::Json(3.0);
      case 2:
        return wire::Json(1e300);
      case 3:
        return {};
      case 4:
        return wire::Json(true);
      case 5:
        return wire::Json(std::string("a\0b", 3));
      case 6:
        return wire::Json(wire::Json::Array{wire::Json(std::string("\0", 1))});
      default:
        return wire::Json("\u00e9" + text());
    }
  }

  wire::Json where(const db::TableSchema& table) {
    if (below(20) == 0) return wire::Json(table.columns[below(table.columns.size())].name + "=a");
    wire::Json json = wire::Json::Object{};
    const size_t often = 1 + below(6);
    for (const db::Column& column : table.columns) {
      if (below(often) != 0) continue;
      if (below(2) == 0) {
        json.set(column.name, operand(column));
        continue;
      }
      wire::Json comparison = wire::Json::Object{};
      if (below(3) == 0) comparison.set("ne", operand(column));
      if (below(3) == 0) {
        wire::Json::Array values;
        for (size_t n = below(6); n > 0; --n) values.push_back(operand(column));
        comparison.set("in", wire::Json(std::move(values)));
      }
      const bool in_order = column.type != db::Type::kBoolean && column.type != db::Type::kTextList;
      for (const char* op : {"lt", "le", "gt", "ge"}) {
        if ((!in_order && !odd()) || below(3) != 0) continue;
        wire::Json bound = operand(column);
        if (!bound.is_null() || odd()) comparison.set(op, std::move(bound));
      }
      json.set(column.name, std::move(comparison));
    }
    return json;
  }

  wire::Json columns(const db::TableSchema& table, bool order) {
    std::vector<std::string> names;
    for (const db::Column& column : table.columns) {
      if (below(3) != 0) names.push_back((order && below(2) == 0 ? "-" : "") + column.name);
    }
    if (order && names.size() > 3) names.resize(3);
    if (odd()) names.emplace_back("nosuch");
    std::shuffle(names.begin(), names.end(), random_);
    wire::Json::Array array;
    for (std::string& name : names) array.emplace_back(std::move(name));
    return wire::Json(std::move(array));
  }

  std::mt19937_64 random_;
  const db::Schema schema_;
};

}  // namespace tandem::tables

// Random commands and queries for tables of every kind.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "db/fixture.h"

namespace tandem::db {

// Every type, every kind of reference, a unique index with nulls in it.
inline constexpr std::string_view kEveryKindSchema = R"({
  "teams":{"key":"name","columns":[{"name":"name","type":"text"},
     {"name":"size","type":"integer","null":true}],"indexes":[["size"]]},
  "users":{"key":"username","columns":[{"name":"username","type":"text"},
     {"name":"team","type":"text","null":true,"references":"teams","on_delete":"restrict"},
     {"name":"active","type":"boolean","default":true},
     {"name":"tags","type":"list of text","default":[]}],
     "indexes":[["active","team"]]},
  "rides":{"key":"rideId","auto_increment":true,"columns":[{"name":"rideId","type":"integer"},
     {"name":"created_by","type":"text","references":"users","on_delete":"cascade"},
     {"name":"timestamp","type":"timestamp"},
     {"name":"source","type":"integer"},{"name":"destination","type":"integer","default":3}],
     "indexes":[["source","destination","timestamp"]]},
  "riders":{"key":"seq","auto_increment":true,"columns":[{"name":"seq","type":"integer"},
     {"name":"rideId","type":"integer","references":"rides","on_delete":"cascade"},
     {"name":"username","type":"text","null":true,"references":"users","on_delete":"cascade"}],
     "indexes":[{"columns":["rideId","username"],"unique":true}]},
  "nodes":{"key":"id","columns":[{"name":"id","type":"integer"},
     {"name":"parent","type":"integer","null":true,"references":"nodes","on_delete":"cascade"},
     {"name":"keeper","type":"integer","null":true,"references":"rides","on_delete":"restrict"},
     {"name":"note","type":"text","null":true,"default":"n"}]}})";

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed), schema_(json_of(kEveryKindSchema)) {}

  // Updates of many rows and deletes of whole tables as well. The model knows no order in which rows
  // are changed.
  void make_large_sets() { large_sets_ = true; }
  void make_edges() { edges_ = true; }

  wire::Json command() {
    if (below(400) == 0) return wire::Json(wire::Json::Object{{"clear", true}});
    return change();
  }

  wire::Json change() {
    if (below(3) == 0) return operation();
    wire::Json json;
    if (below(2) == 0) json.set("if", some([this] { return condition(); }));
    return json.set("ops", some([this] { return operation(); }));
  }

  wire::Json query() {
    const auto& [name, table] = any_table();
    wire::Json json;
    json.set("table", name);
    if (below(4) != 0) json.set("where", where(table));
    if (below(5) == 0) return json.set("count", true);
    if (below(2) == 0) json.set("columns", columns(table, false));
    if (below(2) == 0) json.set("order", columns(table, true));
    if (below(3) == 0) json.set("limit", below(6));
    if (below(4) == 0) json.set("offset", below(6));
    return json;
  }

 private:
  int64_t below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }

  template <typename Make>
  wire::Json some(const Make& make) {
    wire::Json::Array items;
    for (int64_t n = 1 + below(3); n > 0; --n) items.push_back(make());
    return wire::Json(std::move(items));
  }

  const wire::Json::Member& any_table() {
    const wire::Json::Object& tables = *schema_.as_object();
    return tables[static_cast<size_t>(below(static_cast<int64_t>(tables.size())))];
  }

  wire::Json value(const wire::Json& column) {
    if (column.find("null") != nullptr && below(4) == 0) return wire::Json();
    const std::string& type = *column.find("type")->as_string();
    const std::string& name = *column.find("name")->as_string();
    if (type == "boolean") return wire::Json(below(2) == 0);
    if (edges_ && below(12) == 0) return edge(type);
    if (type == "text") return wire::Json(std::string(1, static_cast<char>('a' + below(6))) + "é");
    if (type == "list of text") {
      wire::Json::Array list;
      for (int64_t n = below(3); n > 0; --n) list.emplace_back(below(2) == 0 ? "x" : "y");
      return wire::Json(std::move(list));
    }
    const bool wide = name == "rideId" || name == "seq" || name == "id" || name == "parent";
    return wire::Json(below(wide ? 30 : 4));
  }

  // What engines see in different ways: other bytes, other orders, the ends of numbers.
  wire::Json edge(const std::string& type) {
    static const std::vector<std::string> kTexts{"",
                                                 " ",
                                                 "NULL",
                                                 "null",
                                                 "\x01\x7f\t\n\r",
                                                 "e\xCC\x81",
                                                 "\xC3\xA9",
                                                 "\xF0\x9F\x98\x80",
                                                 "\xEF\xBF\xBF",
                                                 "B",
                                                 "a",
                                                 "\"'\\{},",
                                                 "$1; --",
                                                 std::string(1900, 'x'),
                                                 std::string(1900, 'x') + "y",
                                                 std::string({'\xE2', '\x80', '\xAE', 'a'})};
    const auto text = [this] {
      return wire::Json(kTexts[static_cast<size_t>(below(static_cast<int64_t>(kTexts.size())))]);
    };
    if (type == "text") return text();
    if (type == "list of text") {
      wire::Json::Array list;
      for (int64_t n = below(4); n > 0; --n) list.push_back(text());
      return wire::Json(std::move(list));
    }
    static constexpr int64_t kNumbers[] = {
        INT64_MIN, INT64_MIN + 1, -1, 0, int64_t{1} << 53, (int64_t{1} << 53) + 1, INT64_MAX - 1};
    // The last one of all leaves no number for the rows after it.
    if (below(40) == 0) return wire::Json(INT64_MAX);
    return wire::Json(kNumbers[below(std::size(kNumbers))]);
  }

  wire::Json where(const wire::Json& table) {
    wire::Json json = wire::Json::Object{};
    for (const wire::Json& column : *table.find("columns")->as_array()) {
      if (below(3) != 0) continue;
      const std::string& name = *column.find("name")->as_string();
      const std::string& type = *column.find("type")->as_string();
      if (below(2) == 0) {
        json.set(name, value(column));
        continue;
      }
      wire::Json comparison;
      if (below(3) == 0) comparison.set("ne", value(column));
      if (below(3) == 0) comparison.set("in", some([&] { return value(column); }));
      for (const char* op : {"lt", "le", "gt", "ge"}) {
        if (type == "boolean" || type == "list of text" || below(3) != 0) continue;
        wire::Json bound = value(column);
        if (!bound.is_null()) comparison.set(op, std::move(bound));
      }
      if (!comparison.is_null()) json.set(name, std::move(comparison));
    }
    return json;
  }

  wire::Json columns(const wire::Json& table, bool order) {
    wire::Json::Array names;
    for (const wire::Json& column : *table.find("columns")->as_array()) {
      // Lists have no order that the model knows.
      const std::string& type = *column.find("type")->as_string();
      if (below(2) == 0 || (order && (type == "list of text" || type == "boolean"))) continue;
      const std::string sign = order && below(2) == 0 ? "-" : "";
      names.emplace_back(sign + *column.find("name")->as_string());
    }
    if (names.empty()) names.push_back(*table.find("key"));
    std::shuffle(names.begin(), names.end(), random_);
    return wire::Json(std::move(names));
  }

  wire::Json row(const wire::Json& table) {
    wire::Json json = wire::Json::Object{};
    for (const wire::Json& column : *table.find("columns")->as_array()) {
      const std::string& name = *column.find("name")->as_string();
      const bool counted =
          table.find("auto_increment") != nullptr && name == *table.find("key")->as_string();
      const bool optional =
          counted || column.find("default") != nullptr || column.find("null") != nullptr;
      if (optional && below(counted ? 8 : 2) != 0) continue;
      json.set(name, value(column));
    }
    return json;
  }

  wire::Json operation() {
    const auto& [name, table] = any_table();
    wire::Json json;
    json.set("table", name);
    const int64_t kind = below(10);
    if (kind < 5) return json.set("op", "insert").set("row", row(table));
    if (kind < 7) return json.set("op", "upsert").set("row", row(table));
    if (kind < 8) {
      // One row at most: whether a unique index breaks on the way depends on the order else.
      const wire::Json& key = *table.find("key");
      const wire::Json::Array& all = *table.find("columns")->as_array();
      wire::Json where_key = where(table);
      if (!large_sets_ || below(2) == 0) where_key.set(*key.as_string(), value(all.front()));
      const wire::Json& column =
          all[static_cast<size_t>(1 + below(static_cast<int64_t>(all.size()) - 1))];
      wire::Json set;
      set.set(*column.find("name")->as_string(), value(column));
      return json.set("op", "update").set("where", where_key).set("set", set);
    }
    if (large_sets_ && below(16) == 0)
      return json.set("op", "delete").set("where", wire::Json(wire::Json::Object{}));
    wire::Json condition = where(table);
    // Deleting everything all the time would leave nothing to look at.
    if (condition.as_object()->empty()) {
      const wire::Json& first = table.find("columns")->as_array()->front();
      condition.set(*first.find("name")->as_string(), value(first));
    }
    return json.set("op", "delete").set("where", condition);
  }

  wire::Json condition() {
    const auto& [name, table] = any_table();
    wire::Json json;
    json.set("table", name);
    if (below(5) != 0) json.set("where", where(table));
    if (below(3) == 0) return json.set("count", below(3));
    return json.set("exists", below(2) == 0);
  }

  std::mt19937_64 random_;
  wire::Json schema_;
  bool large_sets_ = false;
  bool edges_ = false;
};

}  // namespace tandem::db

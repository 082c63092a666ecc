// The values of columns, their types, their order and their JSON.
//
//   type           JSON                          C++
//   integer        an integer of 64 bits         int64_t
//   timestamp      the same: ms since 1970 UTC   int64_t
//   text           a string                      std::string
//   boolean        true, false                   bool
//   list of text   an array of strings           TextList
//
// null is a value of every column that is declared so. It equals itself, differs from all others
// and comes before them in an order.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "db/limits.h"
#include "wire/json.h"

namespace tandem::db {

enum class Type { kInteger, kText, kBoolean, kTimestamp, kTextList };

using Null = std::monostate;
using TextList = std::vector<std::string>;
// A text or a list that stays where the row is, in an engine beside this process: all that is known
// here is its length. It is in rows of a PartialDatabase alone, is never looked at, and goes from a
// row to what an update makes of it.
struct Elsewhere {
  uint64_t bytes = 0;
  bool operator==(const Elsewhere&) const = default;
};
using Value = std::variant<Null, bool, int64_t, std::string, TextList, Elsewhere>;

// One value for each column, in the order of the table's columns.
using Row = std::vector<Value>;
// A row never changes once it is in a table: an update puts another in its place. It is shared with
// frozen states, which a snapshot thread reads while the table goes on.
using RowPtr = std::shared_ptr<const Row>;

std::string_view type_name(Type type);  // "list of text"
bool parse_type(std::string_view name, Type& type);

inline bool is_null(const Value& value) { return value.index() == 0; }
inline bool is_elsewhere(const Value& value) { return std::holds_alternative<Elsewhere>(value); }

// Below 0, 0 or above 0. Texts are compared byte by byte, which for UTF-8 is the order of code
// points; false is before true.
int compare(const Value& a, const Value& b);

void append_json(std::string& out, const Value& value);
wire::Json to_json(const Value& value);
// Of the text in it: 0 of a number.
uint64_t text_bytes(const Value& value);
// For messages: as JSON, cut after 64 bytes.
std::string shown(const Value& value);
// `text` cut after `bytes`, never inside a character, with "…" where it was cut.
std::string shortened(std::string_view text, size_t bytes);

// Fail with kBadInput and what the value must be: "must be an integer, not a string".
Result<Value> value_from_json(const wire::Json& json, Type type, bool nullable,
                              const Limits& limits);
// Reads the text of "column=value": 22, true, ann.
Result<Value> value_from_text(std::string_view text, Type type, const Limits& limits);

}  // namespace tandem::db

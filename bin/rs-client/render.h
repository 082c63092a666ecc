// JSON answers as text: tables for people, tab-separated values and JSON for scripts. Pure.
//
//   value               pretty                          tsv
//   array of objects    a table with a head             a line each, without a head
//   array of others     a line each                     a line each
//   object              a line "name  value" each       its values as one line
//   anything else       a line                          a line
//
// Columns are in the order of the text. A list in a cell is its elements with commas between them.
// A number with a fraction has two decimals at least, in a table as many as the others of its
// column. json is the value on one line, as the service sent it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wire/json.h"

namespace tandem::client {

enum class Format { kPretty, kTsv, kJson };

// With `color` the head of a table is bold.
std::string render(const wire::Json& value, Format format, bool color);

// One row as tab-separated cells, with a line end.
std::string tsv_row(const std::vector<std::string>& cells);

// The cells of one element of an answer: the values of an object, the elements of an array, or the
// value itself. Not escaped.
std::vector<std::string> cells_of(const wire::Json& value);

}  // namespace tandem::client

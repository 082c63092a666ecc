#include "render.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "printable.h"

namespace tandem::client {
namespace {

using wire::Json;

constexpr std::string_view kGap = "  ";
constexpr size_t kLeastDecimals = 2;

// Never with an exponent, and with two decimals at least, as prices are written.
std::string decimal_text(double number) {
  char buffer[512];  // the longest double has 309 digits before its dot
  const char* end =
      std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::fixed).ptr;
  std::string text(buffer, static_cast<size_t>(end - buffer));
  const size_t dot = text.find('.');
  const size_t decimals = dot == std::string::npos ? 0 : text.size() - dot - 1;
  if (dot == std::string::npos) text += '.';
  if (decimals < kLeastDecimals) text.append(kLeastDecimals - decimals, '0');
  return text;
}

std::string text_of(const Json& value) {
  if (value.is_null()) return "";
  if (const std::string* text = value.as_string()) return *text;
  if (const double* number = value.as_double()) return decimal_text(*number);
  const Json::Array* list = value.as_array();
  if (list == nullptr) return value.dump();
  std::string out;
  for (const Json& element : *list) {
    if (!out.empty()) out += ',';
    out += text_of(element);
  }
  return out;
}

bool is_number(const Json& value) {
  return value.as_int() != nullptr || value.as_double() != nullptr;
}

size_t decimals_of(const Json& value) {
  if (value.as_double() == nullptr) return 0;
  const std::string text = text_of(value);
  return text.size() - text.find('.') - 1;
}

// `text`, which is that of `value`, with so many decimals, so that the dots of a column are below
// each other.
void pad_decimals(std::string& text, const Json& value, size_t decimals) {
  if (decimals == 0 || !is_number(value)) return;
  if (value.as_int() != nullptr) text += '.';
  text.append(decimals - decimals_of(value), '0');
}

struct Column {
  std::string name;
  size_t width = 0;
  size_t decimals = 0;
  bool numbers = true;  // shown to the right
};

std::vector<Column> columns_of(const Json::Array& rows) {
  std::vector<Column> columns;
  for (const Json& row : rows) {
    const Json::Object* members = row.as_object();
    if (members == nullptr) continue;
    for (const auto& [name, value] : *members) {
      const auto known = std::find_if(columns.begin(), columns.end(),
                                      [&name = name](const Column& c) { return c.name == name; });
      if (known == columns.end()) columns.push_back({name});
    }
  }
  return columns;
}

void append_cell(std::string& line, std::string_view text, size_t width, bool right) {
  const size_t taken = display_width(text);
  const std::string padding(width > taken ? width - taken : 0, ' ');
  if (!line.empty()) line += kGap;
  if (right) line += padding;
  line += text;
  if (!right) line += padding;
}

void end_line(std::string& out, std::string& line) {
  while (line.ends_with(' ')) line.pop_back();
  out += line;
  out += '\n';
  line.clear();
}

std::string pretty_table(const Json::Array& rows, bool color) {
  std::vector<Column> columns = columns_of(rows);
  std::vector<std::vector<std::string>> cells;
  for (Column& column : columns) {
    column.width = display_width(printable(column.name));
    for (const Json& row : rows) {
      const Json* value = row.find(column.name);
      if (value == nullptr || value->is_null()) continue;
      column.decimals = std::max(column.decimals, decimals_of(*value));
      column.numbers = column.numbers && is_number(*value);
    }
  }
  for (const Json& row : rows) {
    std::vector<std::string>& line = cells.emplace_back();
    for (Column& column : columns) {
      const Json* value = row.find(column.name);
      line.push_back(value == nullptr ? "" : printable(text_of(*value)));
      if (value != nullptr) pad_decimals(line.back(), *value, column.decimals);
      column.width = std::max(column.width, display_width(line.back()));
    }
  }
  std::string out;
  std::string line;
  for (const Column& c : columns) append_cell(line, printable(c.name), c.width, c.numbers);
  if (color) out += "\033[1m";
  while (line.ends_with(' ')) line.pop_back();
  out += line + (color ? "\033[0m\n" : "\n");
  line.clear();
  for (const std::vector<std::string>& row : cells) {
    for (size_t i = 0; i < columns.size(); ++i) {
      append_cell(line, row[i], columns[i].width, columns[i].numbers);
    }
    end_line(out, line);
  }
  return out;
}

std::string pretty_object(const Json::Object& members) {
  size_t width = 0;
  for (const auto& [name, value] : members) {
    width = std::max(width, display_width(printable(name)));
  }
  std::string out;
  std::string line;
  for (const auto& [name, value] : members) {
    append_cell(line, printable(name), width, false);
    append_cell(line, printable(text_of(value)), 0, false);
    end_line(out, line);
  }
  return out;
}

std::string tsv_table(const Json::Array& rows) {
  const std::vector<Column> columns = columns_of(rows);
  std::string out;
  std::vector<std::string> cells(columns.size());
  for (const Json& row : rows) {
    for (size_t i = 0; i < columns.size(); ++i) {
      const Json* value = row.find(columns[i].name);
      cells[i] = value == nullptr ? "" : text_of(*value);
    }
    out += tsv_row(cells);
  }
  return out;
}

std::string render_array(const Json::Array& rows, Format format, bool color) {
  const bool table = std::all_of(rows.begin(), rows.end(),
                                 [](const Json& row) { return row.as_object() != nullptr; });
  if (rows.empty()) return "";
  if (table && format == Format::kPretty) return pretty_table(rows, color);
  if (table) return tsv_table(rows);
  std::string out;
  for (const Json& row : rows) {
    out += format == Format::kPretty ? printable(text_of(row)) : tsv_escaped(text_of(row));
    out += '\n';
  }
  return out;
}

}  // namespace

std::string tsv_row(const std::vector<std::string>& cells) {
  std::string out;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out += '\t';
    out += tsv_escaped(cells[i]);
  }
  return out += '\n';
}

std::vector<std::string> cells_of(const Json& value) {
  std::vector<std::string> cells;
  if (const Json::Object* members = value.as_object()) {
    for (const auto& [name, member] : *members) cells.push_back(text_of(member));
  } else if (const Json::Array* elements = value.as_array()) {
    for (const Json& element : *elements) cells.push_back(text_of(element));
  } else {
    cells.push_back(text_of(value));
  }
  return cells;
}

std::string render(const Json& value, Format format, bool color) {
  if (format == Format::kJson) return value.dump() + "\n";
  if (const Json::Array* rows = value.as_array()) return render_array(*rows, format, color);
  if (const Json::Object* members = value.as_object()) {
    if (members->empty()) return "";
    return format == Format::kPretty ? pretty_object(*members) : tsv_row(cells_of(value));
  }
  return format == Format::kPretty ? printable(text_of(value)) + "\n" : tsv_row({text_of(value)});
}

}  // namespace tandem::client

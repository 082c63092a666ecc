#include "wire/csv.h"

#include <algorithm>

namespace tandem::wire {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr size_t kMaxReported = 10;

// Reads a quoted field from the quote at `at` to behind the one that closes it.
bool read_quoted(std::string_view line, size_t& at, std::string& field) {
  for (++at; at < line.size(); ++at) {
    if (line[at] != '"') {
      field.push_back(line[at]);
    } else if (at + 1 < line.size() && line[at + 1] == '"') {
      field.push_back('"');
      ++at;
    } else {
      ++at;
      return at == line.size() || line[at] == ',';
    }
  }
  return false;
}

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

// What is wrong with a record, or nothing.
std::string take_record(std::string_view line, std::string_view columns,
                        UniqueFunction<std::string(std::vector<std::string>& fields)>& take) {
  std::vector<std::string> fields;
  if (!split_csv_record(line, fields)) return "broken quotes";
  const auto wanted = static_cast<size_t>(std::count(columns.begin(), columns.end(), ',')) + 1;
  if (fields.size() == wanted) return take(fields);
  return "expected " + quoted(columns) + ", not " + std::to_string(fields.size()) + " field(s)";
}

}  // namespace

std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view without_byte_order_mark(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

bool split_csv_record(std::string_view line, std::vector<std::string>& fields) {
  fields.clear();
  size_t at = 0;
  while (true) {
    std::string field;
    if (at < line.size() && line[at] == '"') {
      if (!read_quoted(line, at, field)) return false;
    } else {
      const size_t end = std::min(line.find(',', at), line.size());
      field = line.substr(at, end - at);
      if (field.find('"') != std::string::npos) return false;
      at = end;
    }
    fields.push_back(std::move(field));
    if (at >= line.size()) return true;
    ++at;  // the comma
  }
}

Status read_csv(std::string_view text, const CsvForm& form,
                UniqueFunction<std::string(std::vector<std::string>& fields)> take) {
  text = without_byte_order_mark(text);
  const std::string no_header =
      form.header_is_columns ? "the first line must be " + quoted(form.columns) : "";
  std::string problems;
  size_t bad = 0;
  bool header_seen = false;
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = take_line(text);
    if (line.empty() || (form.has_comments && line.starts_with('#'))) continue;
    std::string problem;
    if (header_seen) {
      problem = take_record(line, form.columns, take);
    } else if (line != form.columns) {
      problem = no_header;
    }
    header_seen = true;
    if (problem.empty() || ++bad > kMaxReported) continue;
    problems +=
        (bad > 1 ? "; " : "") + std::string(form.place) + std::to_string(number) + ": " + problem;
  }
  if (bad > kMaxReported) problems += "; and " + std::to_string(bad - kMaxReported) + " more";
  if (!header_seen && !no_header.empty()) problems = std::string(form.place) + "1: " + no_header;
  if (!problems.empty()) return fail(ErrorKind::kBadInput, std::move(problems));
  return {};
}

}  // namespace tandem::wire

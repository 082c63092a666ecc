#include "rides/areas.h"

#include <charconv>
#include <vector>

#include "rides/answer.h"

namespace tandem::rides {
namespace {

constexpr size_t kMaxReported = 10;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Splits one line into its fields; false where the quoting is broken.
bool split_record(std::string_view line, std::vector<std::string>& fields) {
  fields.clear();
  size_t at = 0;
  while (true) {
    std::string field;
    if (at < line.size() && line[at] == '"') {
      ++at;
      while (true) {
        if (at >= line.size()) return false;
        if (line[at] != '"') {
          field.push_back(line[at++]);
        } else if (at + 1 < line.size() && line[at + 1] == '"') {
          field.push_back('"');
          at += 2;
        } else {
          ++at;
          break;
        }
      }
      if (at < line.size() && line[at] != ',') return false;
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

bool parse_number(std::string_view text, int64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number >= 1;
}

// What is wrong with a record, or empty; a good one goes into `names`.
std::string take_record(std::string_view line, std::map<int64_t, std::string>& names) {
  std::vector<std::string> fields;
  if (!split_record(line, fields)) return "broken quotes";
  if (fields.size() != 2) {
    return "expected 'number,name', not " + std::to_string(fields.size()) + " field(s)";
  }
  int64_t number = 0;
  if (!parse_number(fields[0], number)) return in_quotes(fields[0]) + " is not a positive number";
  if (fields[1].empty()) return "the name is empty";
  if (!names.emplace(number, std::move(fields[1])).second) {
    return "area " + std::to_string(number) + " is there already";
  }
  return {};
}

}  // namespace

const std::string* Areas::name(int64_t number) const {
  const auto found = names_.find(number);
  return found == names_.end() ? nullptr : &found->second;
}

Result<Areas> parse_areas(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Areas areas;
  std::string problems;
  size_t bad = 0;
  bool header_seen = false;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (!header_seen) {
      header_seen = true;
      continue;
    }
    const std::string problem = take_record(line, areas.names_);
    if (problem.empty() || ++bad > kMaxReported) continue;
    problems += (bad > 1 ? "; line " : "line ") + std::to_string(number) + ": " + problem;
  }
  if (bad > kMaxReported) problems += "; and " + std::to_string(bad - kMaxReported) + " more";
  if (bad > 0) return fail(ErrorKind::kBadInput, std::move(problems));
  if (areas.names_.empty()) return fail(ErrorKind::kBadInput, "no area after the header line");
  return areas;
}

}  // namespace tandem::rides

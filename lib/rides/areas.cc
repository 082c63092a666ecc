#include "rides/areas.h"

#include <vector>

#include "base/number.h"
#include "rides/answer.h"
#include "wire/csv.h"
#include "wire/json.h"

namespace tandem::rides {
namespace {

constexpr size_t kMaxReported = 10;

// What is wrong with a record, or empty; a good one goes into `names`.
std::string take_record(std::string_view line, std::map<int64_t, std::string>& names) {
  std::vector<std::string> fields;
  if (!wire::split_csv_record(line, fields)) return "broken quotes";
  if (fields.size() != 2) {
    return "expected 'number,name', not " + std::to_string(fields.size()) + " field(s)";
  }
  const auto number = parse_number<int64_t>(fields[0], 1);
  if (!number) return in_quotes(fields[0]) + " is not a positive number";
  if (fields[1].empty()) return "the name is empty";
  if (!names.emplace(*number, std::move(fields[1])).second) {
    return "area " + std::to_string(*number) + " is there already";
  }
  return {};
}

}  // namespace

const std::string* Areas::name(int64_t number) const {
  const auto found = names_.find(number);
  return found == names_.end() ? nullptr : &found->second;
}

std::string Areas::to_json() const {
  std::string text = "[";
  for (const auto& [number, name] : names_) {
    text +=
        (text.size() > 1 ? ",{\"area\":" : "{\"area\":") + std::to_string(number) + ",\"name\":";
    wire::append_json_string(text, name);
    text += "}";
  }
  return text + "]";
}

Result<Areas> parse_areas(std::string_view text) {
  text = wire::without_byte_order_mark(text);
  Areas areas;
  std::string problems;
  size_t bad = 0;
  bool header_seen = false;
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = wire::take_line(text);
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

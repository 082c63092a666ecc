#include "rides/areas.h"

#include <vector>

#include "base/json_string.h"
#include "base/number.h"
#include "rides/answer.h"
#include "wire/csv.h"
#include "wire/json.h"

namespace tandem::rides {
namespace {

// What is wrong with a record, or empty; a good one goes into `names`.
std::string take_record(std::vector<std::string>& fields, std::map<int64_t, std::string>& names) {
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
    append_json_string(text, name);
    text += "}";
  }
  return text + "]";
}

Result<Areas> parse_areas(std::string_view text) {
  Areas areas;
  const Status read =
      wire::read_csv(text, {.columns = "number,name", .place = "line "},
                     [&names = areas.names_](auto& fields) { return take_record(fields, names); });
  if (!read) return fail(read.error());
  if (areas.names_.empty()) return fail(ErrorKind::kBadInput, "no area after the header line");
  return areas;
}

}  // namespace tandem::rides

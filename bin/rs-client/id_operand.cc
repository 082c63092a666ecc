#include "id_operand.h"

#include <algorithm>
#include <cstdint>

#include "base/number.h"

namespace tandem::client {

bool can_be_id(std::string_view text) {
  return are_digits(text) && text.find_first_not_of('0') != std::string_view::npos;
}

Result<wire::Json::Array> parse_ids(const std::string& list, const std::string& thing,
                                    const std::string& hint) {
  wire::Json::Array ids;
  for (size_t begin = 0; begin <= list.size();) {
    const size_t end = std::min(list.find(',', begin), list.size());
    const std::string text = list.substr(begin, end - begin);
    if (!can_be_id(text)) {
      return fail(ErrorKind::kUsage, "'" + text + "' is no id of a " + thing + ": " + hint);
    }
    const auto id = parse_number<uint32_t>(text);
    if (!id) return fail(ErrorKind::kNotFound, "there is no " + thing + " " + text);
    ids.emplace_back(int64_t{*id});
    begin = end + 1;
  }
  return ids;
}

}  // namespace tandem::client

#include "coord/names.h"

#include <algorithm>

namespace tandem::coord {
namespace {

constexpr size_t kMaxNameBytes = 64;

bool may_be_in_a_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

}  // namespace

Status check_name(std::string_view what, const std::string& name) {
  const bool good = !name.empty() && name.size() <= kMaxNameBytes && name.front() != '.' &&
                    std::all_of(name.begin(), name.end(), may_be_in_a_name);
  if (good) return {};
  return fail(ErrorKind::kBadInput, std::string(what) + " '" + name + "' is not 1 to " +
                                        std::to_string(kMaxNameBytes) +
                                        " letters, digits, '-', '_' and '.', the first no '.'");
}

Status check_group_name(const std::string& name) { return check_name("group", name); }

}  // namespace tandem::coord

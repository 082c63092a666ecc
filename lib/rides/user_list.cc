#include "rides/user_list.h"

#include <algorithm>
#include <utility>

#include "base/json_string.h"
#include "wire/json.h"

namespace tandem::rides {
namespace {

using wire::Json;

constexpr int64_t kShrinkFactor = 8;
constexpr int64_t kGrowFactor = 2;

}  // namespace

std::string UserList::next_request() const {
  Json request = Json::Object{{"table", "users"},
                              {"columns", Json::Array{"username"}},
                              {"order", Json::Array{"username"}},
                              {"limit", limit_}};
  if (continued_) {
    request.set("where", Json::Object{{"username", Json::Object{{"gt", last_}}}});
  }
  return request.dump();
}

Result<bool> UserList::add(std::string_view body) {
  const auto rows = rows_of(body);
  if (!rows) return fail(rows.error());
  for (const Json& row : *rows) {
    auto username = text_of(row, "username");
    if (!username) return fail(username.error());
    names_ += names_.empty() ? '[' : ',';
    append_json_string(names_, *username);
    last_ = std::move(*username);
    continued_ = true;
  }
  const bool complete = static_cast<int64_t>(rows->size()) < limit_;
  // A few long names made pages small; the names after them are in general short again.
  limit_ = std::min(limit_ * kGrowFactor, kPageRows);
  return complete;
}

bool UserList::shrink() {
  if (limit_ == 1) return false;
  limit_ = std::max<int64_t>(limit_ / kShrinkFactor, 1);
  return true;
}

Answer UserList::answer() && {
  if (names_.empty()) return {204, {}};
  names_ += ']';
  return {200, std::move(names_)};
}

}  // namespace tandem::rides

// The list of all users (GET users), put together from as few reads as the database's limits on an
// answer allow: one in general. Pure: the caller carries requests and replies.
//
//   UserList list;
//   ask for list.next_request(): a good reply goes to add(), one too large to be sent to shrink();
//   until add() says that it was the last; then answer().
//
// Up to kPageRows users are one read of one state. Beyond that pages follow each other by name, so
// a user who is there all the time is listed once, and one who comes or goes meanwhile may be.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "rides/answer.h"

namespace tandem::rides {

class UserList {
 public:
  static constexpr int64_t kPageRows = 50'000;

  std::string next_request() const;
  // The body of a good reply; true: it was the last page. Fails with kCorrupt.
  Result<bool> add(std::string_view body);
  // Asks for less at a time, and for more again as that succeeds; false: less than one row cannot
  // be asked for.
  bool shrink();
  // 200 ["ann","bob"] by name, 204 without any. What was listed is gone then.
  Answer answer() &&;

 private:
  int64_t limit_ = kPageRows;
  bool continued_ = false;
  std::string last_;   // the name after which the next page starts, where continued_
  std::string names_;  // JSON, without the last bracket
};

}  // namespace tandem::rides

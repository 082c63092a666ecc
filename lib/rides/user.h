// Users: what a client may ask of rs-users, as database requests, and the database's answers as
// answers over HTTP. Each call is a pair x_request and x_answer; the caller carries the text
// between them. A change is one conditional transaction, so that two clients cannot race.
//
// Listing users is user_list.h.
//
// The conditions of a request are numbered from 0; its answer function, next to it in the .cc, maps
// the number that the database names to the client's error.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "rides/answer.h"
#include "wire/json.h"

namespace tandem::rides {

// What the database holds of a name, and a URL that deletes its user still names.
constexpr size_t kMaxUsernameBytes = 2000;

// The member of a body that names a user, who may not be there. Fails with kBadInput, naming the
// member, also where no user can have the name: it is longer, or holds U+0000.
Result<std::string> require_username(const wire::Json& object, std::string_view member);

struct NewUser {
  std::string username;  // any Unicode, case-sensitive
  std::string password;  // a SHA-1 as 40 lower-case hex digits
};

// PUT users. Fails with kBadInput: a member that is missing or no string, an empty name, a name
// longer than max_username_bytes or with U+0000, a password that is not 40 hex digits (any case).
Result<NewUser> parse_new_user(std::string_view body, size_t max_username_bytes);

std::string create_user_request(const NewUser& user);
Answer create_user_answer(const NewUser& user, const DbReply& reply);  // 201, 400 taken

// The user's rides go too, and the user leaves other rides, by the references of the tables.
std::string delete_user_request(std::string_view username);
Answer delete_user_answer(std::string_view username, const DbReply& reply);  // 200, 400 unknown

}  // namespace tandem::rides

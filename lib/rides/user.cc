#include "rides/user.h"

#include <algorithm>
#include <utility>

#include "base/json_string.h"
#include "wire/json.h"
#include "wire/request_object.h"

namespace tandem::rides {
namespace {

using wire::Json;

constexpr size_t kSha1HexDigits = 40;

// Lowers the hex digits; false where the text is no SHA-1.
bool normalize_sha1(std::string& text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return text.size() == kSha1HexDigits;
}

Json user_is_there(std::string_view username, bool exists) {
  return Json::Object{
      {"table", "users"}, {"where", Json::Object{{"username", username}}}, {"exists", exists}};
}

Result<std::string> require_name_within(const Json& object, std::string_view member,
                                        size_t max_bytes) {
  auto name = wire::require_text(object, member);
  if (!name) return name;
  if (name->empty()) {
    return fail(ErrorKind::kBadInput, std::string(member) + " must not be empty");
  }
  if (name->size() > max_bytes) {
    return fail(ErrorKind::kBadInput, std::string(member) + " has " + std::to_string(name->size()) +
                                          " bytes, more than the limit of " +
                                          std::to_string(max_bytes));
  }
  if (name->find('\0') != std::string::npos) {
    return fail(ErrorKind::kBadInput, std::string(member) + " must not hold U+0000");
  }
  return name;
}

}  // namespace

Result<std::string> require_username(const Json& object, std::string_view member) {
  return require_name_within(object, member, kMaxUsernameBytes);
}

Result<NewUser> parse_new_user(std::string_view body, size_t max_username_bytes) {
  const auto object = wire::parse_request_object(body);
  if (!object) return fail(object.error());
  auto username = require_name_within(*object, "username", max_username_bytes);
  if (!username) return fail(username.error());
  auto password = wire::require_text(*object, "password");
  if (!password) return fail(password.error());
  if (!normalize_sha1(*password)) {
    return fail(ErrorKind::kBadInput, "password must be a SHA-1: 40 hex digits");
  }
  return NewUser{std::move(*username), std::move(*password)};
}

// Written out, as it is the most frequent write: a tree of values costs several times as much.
std::string create_user_request(const NewUser& user) {
  std::string name;
  append_json_string(name, user.username);
  std::string request = R"({"if":[{"table":"users","where":{"username":)";
  request += name;
  request += R"(},"exists":false}],"ops":[{"table":"users","op":"insert","row":{"username":)";
  request += name;
  request += R"(,"password":)";
  append_json_string(request, user.password);
  request += "}}]}";
  return request;
}

Answer create_user_answer(const NewUser& user, const DbReply& reply) {
  if (reply.status == 200) return {201, "{}"};
  if (failed_condition(reply) == 0) {
    return error_answer(400, "username " + in_quotes(user.username) + " is taken");
  }
  return pass_on(reply);
}

std::string delete_user_request(std::string_view username) {
  const Json remove = Json::Object{
      {"table", "users"}, {"op", "delete"}, {"where", Json::Object{{"username", username}}}};
  return Json(Json::Object{{"if", Json::Array{user_is_there(username, true)}},
                           {"ops", Json::Array{remove}}})
      .dump();
}

Answer delete_user_answer(std::string_view username, const DbReply& reply) {
  if (reply.status == 200) return {200, "{}"};
  if (failed_condition(reply) == 0) {
    return error_answer(400, "there is no user " + in_quotes(username));
  }
  return pass_on(reply);
}

}  // namespace tandem::rides

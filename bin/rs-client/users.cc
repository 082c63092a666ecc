#include <string>
#include <utility>

#include "batch.h"
#include "commands.h"
#include "fetch/url.h"
#include "input.h"
#include "prompt.h"
#include "session.h"
#include "sha1.h"

namespace tandem::client {
namespace {

using wire::Json;

Call add_call(const Session& session, const std::string& name, const std::string& password) {
  const Json body = Json::Object{{"username", name}, {"password", password_digest(password)}};
  Call call = session.write("PUT", session.settings.users_url + "/api/v1/users", body.dump());
  call.no = {"username '"};  // … is taken
  return call;
}

Call remove_call(const Session& session, const std::string& name) {
  Call call = session.write(
      "DELETE", session.settings.users_url + "/api/v1/users/" + fetch::percent_encode(name), "");
  call.no = {"there is no user "};
  return call;
}

// A member that must be a string that is not empty.
Result<std::string> text_member(const Json& line, const char* name) {
  const Json* member = line.find(name);
  if (member == nullptr) return fail(ErrorKind::kBadInput, std::string(name) + " is missing");
  const std::string* text = member->as_string();
  if (text == nullptr || text->empty()) {
    return fail(ErrorKind::kBadInput, std::string(name) + " must be a string that is not empty");
  }
  return *text;
}

// {"username":"ann","password":"…"}
Result<Question> add_question(const Session& session, const std::string& line) {
  const auto json = wire::parse_json(line);
  if (!json) return fail(json.error());
  const Status good = check_keys(*json, {"username", "password"});
  if (!good) return fail(good.error());
  const auto name = text_member(*json, "username");
  if (!name) return fail(name.error());
  const auto password = text_member(*json, "password");
  if (!password) return fail(password.error());
  return Question{add_call(session, *name, *password), *name};
}

// {"username":"ann"} or "ann"
Result<Question> remove_question(const Session& session, const std::string& line) {
  const auto json = wire::parse_json(line);
  if (!json) return fail(json.error());
  const Status good = check_keys(*json, {"username"});
  if (!good) return fail(good.error());
  const std::string* bare = json->as_string();
  const auto name = bare != nullptr && !bare->empty() ? *bare : text_member(*json, "username");
  if (!name) return fail(name.error());
  return Question{remove_call(session, *name), *name};
}

Result<Json> name_result(const Json& about, const Reply&) {
  return Json(Json::Object{{"username", about}});
}

constexpr LineVerb kAddLines = {add_question, name_result, "users added"};
constexpr LineVerb kRemoveLines = {remove_question, name_result, "users removed"};

}  // namespace

ExitStatus users_add(Session& session, const Arguments& arguments) {
  const std::string& name = arguments.operands[0];
  const bool from_stdin = arguments.line.has("password-stdin");
  if (name == "-" && from_stdin) {
    return session.report({ErrorKind::kUsage, "lines bring their own passwords"});
  }
  if (name == "-") return run_lines(session, kAddLines);
  const bool given = arguments.operands.size() == 2;
  if (given == from_stdin && (given || !can_ask())) {
    return session.report({ErrorKind::kUsage, "give PASSWORD or --password-stdin, one of them"});
  }
  const auto password = given       ? Result<std::string>(arguments.operands[1])
                        : can_ask() ? ask_secret("password of " + name + ": ")
                                    : read_first_line();
  if (!password) return session.report(password.error());
  if (password->empty()) return session.report({ErrorKind::kBadInput, "the password is empty"});
  // What is shown of the command line shall not show a password; its digest does the same.
  if (!from_stdin) session.again.operands = {name, password_digest(*password)};
  return session.ask_and_print(add_call(session, name, *password));
}

ExitStatus users_rm(Session& session, const Arguments& arguments) {
  const std::string& name = arguments.operands[0];
  if (name == "-") return run_lines(session, kRemoveLines);
  if (name.empty()) return session.report({ErrorKind::kUsage, "NAME is empty"});
  return session.ask_and_print(remove_call(session, name));
}

ExitStatus users_ls(Session& session, const Arguments&) {
  return session.ask_and_print(session.read("GET", session.settings.users_url + "/api/v1/users"),
                               "[]");
}

}  // namespace tandem::client

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>

#include "areas.h"
#include "base/number.h"
#include "batch.h"
#include "commands.h"
#include "fetch/url.h"
#include "id_operand.h"
#include "session.h"

namespace tandem::client {
namespace {

using wire::Json;

std::string rides_url(const Session& session, const std::string& rest) {
  return session.settings.rides_url + "/api/v1/rides" + rest;
}

Result<Json> parse_reply(const Json&, const Reply& reply) {
  auto json = wire::parse_json(reply.body);
  if (json) return json;
  return fail(no_sense(json.error(), reply));
}

// Of two areas given as numbers: that one is not there.
constexpr std::string_view kNoSource = "source '";
constexpr std::string_view kNoDestination = "destination '";

Call create_call(const Session& session, std::string body) {
  Call call = session.write("POST", rides_url(session, ""), std::move(body));
  call.no = {"created_by: there is no user ", kNoSource, kNoDestination};
  return call;
}

// The line is the body: the service knows best what is wrong with it.
Result<Question> create_question(const Session& session, const std::string& line) {
  return Question{create_call(session, line), {}};
}

constexpr LineVerb kCreateLines = {create_question, parse_reply, "rides created"};

// The path of a ride. Fails with kUsage for what can be no id: "count" would be another call.
Result<std::string> ride_path(const std::string& id) {
  if (can_be_id(id)) return "/" + id;
  return fail(ErrorKind::kUsage, "'" + id + "' is no id of a ride");
}

// 204 says that there is no such ride.
ExitStatus ask_about(Session& session, Call call, const std::string& id) {
  const Result<Reply> reply = session.ask(std::move(call));
  if (!reply) return session.report(reply.error());
  if (reply->status == 204) {
    return session.report({ErrorKind::kNotFound, "there is no ride " + id});
  }
  return session.print(*reply, "{}");
}

Result<Json> read_areas(Session& session) {
  const Result<Reply> reply =
      session.ask(Call{.url = session.settings.rides_url + "/api/v1/areas"});
  if (!reply) return fail(reply.error());
  return parse_reply({}, *reply);
}

// Makes numbers of those that are no numbers, by asking the service for the names once.
Status find_areas(Session& session, std::initializer_list<std::string*> words) {
  if (std::all_of(words.begin(), words.end(), [](const auto* word) { return are_digits(*word); })) {
    return {};
  }
  const auto areas = read_areas(session);
  if (!areas) return fail(areas.error());
  for (std::string* word : words) {
    if (are_digits(*word)) continue;
    auto number = area_number(*areas, *word);
    if (!number) return fail(number.error());
    *word = std::move(*number);
  }
  return {};
}

}  // namespace

ExitStatus areas_ls(Session& session, const Arguments& arguments) {
  const auto areas = read_areas(session);
  if (!areas) return session.report(areas.error());
  session.output.print(
      matching_areas(*areas, arguments.operands.empty() ? "" : arguments.operands[0]));
  return ExitStatus::kOk;
}

ExitStatus rides_create(Session& session, const Arguments& arguments) {
  const daemon::CommandLine& line = arguments.line;
  const bool described = line.has("by") || line.has("time") || line.has("from") || line.has("to");
  if (!arguments.operands.empty()) {
    if (arguments.operands[0] == "-" && !described) return run_lines(session, kCreateLines);
    return session.report({ErrorKind::kUsage, "give '-' alone, or a ride by its options"});
  }
  for (const char* needed : {"by", "time", "from", "to"}) {
    if (line.has(needed)) continue;
    return session.report(
        {ErrorKind::kUsage, "'rides create' needs --" + std::string(needed) + ", or '-'"});
  }
  std::string from = arguments.value("from");
  std::string to = arguments.value("to");
  if (const Status found = find_areas(session, {&from, &to}); !found) {
    return session.report(found.error());
  }
  const Json body = Json::Object{{"created_by", arguments.value("by")},
                                 {"timestamp", arguments.value("time")},
                                 {"source", from},
                                 {"destination", to}};
  return session.ask_and_print(create_call(session, body.dump()));
}

ExitStatus rides_ls(Session& session, const Arguments& arguments) {
  std::string from = arguments.operands[0];
  std::string to = arguments.operands[1];
  if (const Status found = find_areas(session, {&from, &to}); !found) {
    return session.report(found.error());
  }
  const std::string query =
      "?source=" + fetch::percent_encode(from) + "&destination=" + fetch::percent_encode(to);
  Call call = session.read("GET", rides_url(session, query));
  call.no = {kNoSource, kNoDestination};
  return session.ask_and_print(std::move(call), "[]");
}

ExitStatus rides_show(Session& session, const Arguments& arguments) {
  const auto path = ride_path(arguments.operands[0]);
  if (!path) return session.report(path.error());
  return ask_about(session, session.read("GET", rides_url(session, *path)), arguments.operands[0]);
}

ExitStatus rides_join(Session& session, const Arguments& arguments) {
  const auto path = ride_path(arguments.operands[0]);
  if (!path) return session.report(path.error());
  const Json body = Json::Object{{"username", arguments.operands[1]}};
  Call call = session.write("POST", rides_url(session, *path), body.dump());
  call.no = {"username: "};  // there is no such user, or he is on it already
  return ask_about(session, std::move(call), arguments.operands[0]);
}

ExitStatus rides_rm(Session& session, const Arguments& arguments) {
  const auto path = ride_path(arguments.operands[0]);
  if (!path) return session.report(path.error());
  Call call = session.write("DELETE", rides_url(session, *path), "");
  call.no = {"there is no ride "};
  return session.ask_and_print(std::move(call));
}

ExitStatus rides_count(Session& session, const Arguments&) {
  return session.ask_and_print(session.read("GET", rides_url(session, "/count")));
}

}  // namespace tandem::client

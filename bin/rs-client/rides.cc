#include <algorithm>
#include <string>
#include <utility>

#include "batch.h"
#include "commands.h"
#include "fetch/url.h"
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

// The line is the body: the service knows best what is wrong with it.
Result<Question> create_question(const Session& session, const std::string& line) {
  return Question{session.write("POST", rides_url(session, ""), line), {}};
}

constexpr LineVerb kCreateLines = {create_question, parse_reply, "rides created"};

// The path of a ride. Fails with kUsage for what can be no id: "count" would be another call.
Result<std::string> ride_path(const std::string& id) {
  const bool digits =
      !id.empty() && std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits) return "/" + id;
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

}  // namespace

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
  const Json body = Json::Object{{"created_by", arguments.value("by")},
                                 {"timestamp", arguments.value("time")},
                                 {"source", arguments.value("from")},
                                 {"destination", arguments.value("to")}};
  return session.ask_and_print(session.write("POST", rides_url(session, ""), body.dump()));
}

ExitStatus rides_ls(Session& session, const Arguments& arguments) {
  const std::string query = "?source=" + fetch::percent_encode(arguments.operands[0]) +
                            "&destination=" + fetch::percent_encode(arguments.operands[1]);
  return session.ask_and_print(session.read("GET", rides_url(session, query)), "[]");
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
  return ask_about(session, session.write("POST", rides_url(session, *path), body.dump()),
                   arguments.operands[0]);
}

ExitStatus rides_rm(Session& session, const Arguments& arguments) {
  const auto path = ride_path(arguments.operands[0]);
  if (!path) return session.report(path.error());
  return session.ask_and_print(session.write("DELETE", rides_url(session, *path), ""));
}

ExitStatus rides_count(Session& session, const Arguments&) {
  return session.ask_and_print(session.read("GET", rides_url(session, "/count")));
}

}  // namespace tandem::client

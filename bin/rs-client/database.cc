#include <string>
#include <utility>

#include "batch.h"
#include "commands.h"
#include "session.h"

namespace tandem::client {
namespace {

Call read_call(const Session& session, const std::string& query) {
  Call call = session.read("POST", session.settings.orch_url + "/api/v1/db/read");
  call.body = query;
  return call;
}

Call write_call(const Session& session, const std::string& operation) {
  return session.write("POST", session.settings.orch_url + "/api/v1/db/write", operation);
}

Result<Question> read_question(const Session& session, const std::string& line) {
  return Question{read_call(session, line), {}};
}

Result<Question> write_question(const Session& session, const std::string& line) {
  return Question{write_call(session, line), {}};
}

Result<wire::Json> parse_reply(const wire::Json&, const Reply& reply) {
  auto json = wire::parse_json(reply.body);
  if (json) return json;
  return fail(no_sense(json.error(), reply));
}

constexpr LineVerb kReadLines = {read_question, parse_reply, "reads done"};
constexpr LineVerb kWriteLines = {write_question, parse_reply, "writes done"};

}  // namespace

ExitStatus db_read(Session& session, const Arguments& arguments) {
  const std::string& query = arguments.operands[0];
  if (query == "-") return run_lines(session, kReadLines);
  return session.ask_and_print(read_call(session, query), "[]");
}

ExitStatus db_write(Session& session, const Arguments& arguments) {
  const std::string& operation = arguments.operands[0];
  if (operation == "-") return run_lines(session, kWriteLines);
  return session.ask_and_print(write_call(session, operation));
}

}  // namespace tandem::client

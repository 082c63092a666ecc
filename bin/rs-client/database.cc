#include <string>
#include <utility>

#include "batch.h"
#include "commands.h"
#include "session.h"
#include "tables.h"

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

// The tables by name.
Result<wire::Json> read_schema(Session& session) {
  const Result<Reply> reply =
      session.ask(Call{.url = session.settings.orch_url + "/api/v1/db/schema"});
  if (!reply) return fail(reply.error());
  return parse_reply({}, *reply);
}

}  // namespace

ExitStatus db_tables(Session& session, const Arguments&) {
  const auto schema = read_schema(session);
  if (!schema) return session.report(schema.error());
  session.output.print(table_names(*schema));
  return ExitStatus::kOk;
}

ExitStatus db_schema(Session& session, const Arguments& arguments) {
  const auto schema = read_schema(session);
  if (!schema) return session.report(schema.error());
  const std::string table = arguments.operands.empty() ? "" : arguments.operands[0];
  const auto rows = column_rows(*schema, table);
  if (!rows) return session.report(rows.error());
  if (session.output.format() != Format::kJson) {
    session.output.print(*rows);
  } else {
    session.output.print(table.empty() ? *schema : *schema->find(table));
  }
  return ExitStatus::kOk;
}

ExitStatus db_read(Session& session, const Arguments& arguments) {
  const std::string& query = arguments.operands[0];
  if (query == "-") return run_lines(session, kReadLines);
  const bool is_json = query.starts_with('{') || query.starts_with('[');
  if (is_json && arguments.operands.size() > 1) {
    return session.report({ErrorKind::kUsage, "a query in JSON stands alone"});
  }
  if (is_json) return session.ask_and_print(read_call(session, query), "[]");
  const auto schema = read_schema(session);
  if (!schema) return session.report(schema.error());
  const auto made =
      query_of(*schema, query, {arguments.operands.begin() + 1, arguments.operands.end()});
  if (!made) return session.report(made.error());
  return session.ask_and_print(read_call(session, made->dump()), "[]");
}

ExitStatus db_write(Session& session, const Arguments& arguments) {
  const std::string& operation = arguments.operands[0];
  if (operation == "-") return run_lines(session, kWriteLines);
  return session.ask_and_print(write_call(session, operation));
}

}  // namespace tandem::client

#include "confirm_database.h"

#include <string>

#include "prompt.h"
#include "wire/json.h"

namespace tandem::client {
namespace {

using wire::Json;

// The name of the database's group, as rs-orch knows it.
Result<std::string> group_of_database(Session& session) {
  const Result<Reply> reply =
      session.ask(Call{.url = session.settings.orch_url + "/api/v1/orchestrator"});
  if (!reply) return fail(reply.error());
  const auto json = wire::parse_json(reply->body);
  const Json* group = json ? json->find("group") : nullptr;
  if (group != nullptr && group->as_string() != nullptr) return *group->as_string();
  return fail(ErrorKind::kUnavailable,
              "'" + session.settings.orch_url + "' does not tell the name of the group");
}

}  // namespace

Status confirm_for_database(Session& session, const Arguments& arguments, const char* command,
                            const char* what) {
  if (const Status can = check_can_confirm(arguments, command, what); !can) return can;
  if (arguments.line.has("yes")) return {};
  const auto group = group_of_database(session);
  if (!group) return fail(group.error());
  return confirm(arguments, command, what, *group);
}

}  // namespace tandem::client

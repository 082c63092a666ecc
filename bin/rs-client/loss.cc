// Commands that lose data because an operator wants it: db clear; accept-loss, of workers and of
// replicas of the toy store. Each asks for the name of the group first, or wants --yes.
#include <string>
#include <utility>

#include "commands.h"
#include "confirm_database.h"
#include "id_operand.h"
#include "prompt.h"
#include "session.h"
#include "store.h"

namespace tandem::client {
namespace {

using wire::Json;

// Nobody is told earlier than the outcome is known, which takes a minute more at most. Where it is
// not, or its answer was lost, the same command tells.
constexpr int64_t kLossTimeoutMs = 90'000;
constexpr const char* kGivesUp = "gives up what only those replicas have";

// First without force: where that is refused for want of proof, what was missing and what is lost
// is said before it is forced. Anything else needs none.
template <typename Ask>
Result<Reply> ask_with_force(Session& session, bool force, Ask ask) {
  if (!session.settings.timeout_given) session.caller.set_timeout_ms(kLossTimeoutMs);
  Result<Reply> reply = ask(false);
  const bool unproven = !reply && reply.error().kind == ErrorKind::kConflict &&
                        reply.error().message.find("not proven to be lost") != std::string::npos;
  if (!force || !unproven) return reply;
  session.console.say(reply.error().message);
  return ask(true);
}

}  // namespace

ExitStatus db_clear(Session& session, const Arguments& arguments) {
  const Status sure =
      confirm_for_database(session, arguments, "db clear", "empties the whole database");
  if (!sure) return session.report(sure.error());
  return session.ask_and_print(
      session.write("POST", session.settings.orch_url + "/api/v1/db/clear", ""));
}

ExitStatus workers_accept_loss(Session& session, const Arguments& arguments) {
  auto ids = parse_ids(arguments.operands[0], "worker", "'workers status' shows them");
  if (!ids) return session.report(ids.error());
  const Status sure = confirm_for_database(session, arguments, "workers accept-loss", kGivesUp);
  if (!sure) return session.report(sure.error());
  const auto reply = ask_with_force(session, arguments.line.has("force"), [&](bool force) {
    Json body = Json::Object{{"workers", Json(*ids)}};
    if (force) body.set("force", true);
    return session.ask(Call{.kind = Call::Kind::kOnce,
                            .method = "POST",
                            .url = session.settings.orch_url + "/api/v1/accept-loss",
                            .body = body.dump(),
                            .no = {"worker "}});  // … is not a member
  });
  if (!reply) return session.report(reply.error());
  return session.print(*reply, {});
}

ExitStatus toys_accept_loss(Session& session, const Arguments& arguments) {
  auto ids =
      parse_ids(arguments.operands[1], "replica", "'toys replicas' shows those of the orders");
  if (!ids) return session.report(ids.error());
  const Status sure = confirm(arguments, "toys accept-loss", kGivesUp, arguments.operands[0]);
  if (!sure) return session.report(sure.error());
  const auto reply = ask_with_force(session, arguments.line.has("force"), [&](bool force) {
    return session.ask(
        lose_replicas(session.settings.store_url, arguments.operands[0], *ids, force));
  });
  if (!reply) return session.report(reply.error());
  const auto data = data_of(*reply);
  if (!data) return session.report(data.error());
  session.output.print(*data);
  return ExitStatus::kOk;
}

}  // namespace tandem::client

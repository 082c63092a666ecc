#include <string>
#include <utility>

#include "commands.h"
#include "daemon/suggest.h"
#include "session.h"
#include "utc_text.h"

namespace tandem::client {
namespace {

using wire::Json;

Call change(const Session& session, const std::string& path) {
  return Call{.kind = Call::Kind::kOnce,
              .method = "POST",
              .url = session.settings.orch_url + "/api/v1/" + path};
}

// The columns that people and scripts get, whatever else the service may tell in JSON.
Json status_row(const Json& worker) {
  constexpr std::pair<const char*, const char*> kColumns[] = {
      {"pid", "pid"},     {"role", "role"},        {"state", "state"}, {"id", "id"},
      {"epoch", "epoch"}, {"last_index", "index"}, {"lag", "lag"},     {"reads_served", "reads"}};
  Json row;
  for (const auto& [member, column] : kColumns) {
    const Json* value = worker.find(member);
    row.set(column, value != nullptr ? *value : Json());
  }
  const Json* since = worker.find("since_ms");
  const int64_t* since_ms = since != nullptr ? since->as_int() : nullptr;
  row.set("since", since_ms != nullptr ? Json(utc_text(*since_ms)) : Json());
  return row;
}

// Says on stderr why the database takes no requests, where it does not.
void tell_trouble(Session& session) {
  const Result<Reply> reply =
      session.ask(Call{.url = session.settings.orch_url + "/api/v1/orchestrator"});
  if (!reply) return;
  const auto json = wire::parse_json(reply->body);
  const Json* reason = json ? json->find("reason") : nullptr;
  if (reason == nullptr || reason->as_string() == nullptr || reason->as_string()->empty()) return;
  session.console.say("the database is not ready: " + *reason->as_string());
}

// Says on stderr whose disk is full: a master without space takes no writes.
void tell_full_disks(Session& session, const Json::Array& workers) {
  for (const Json& worker : workers) {
    const Json* has_space = worker.find("has_space");
    const Json* id = worker.find("id");
    if (has_space == nullptr || has_space->as_bool() == nullptr || *has_space->as_bool()) continue;
    if (id == nullptr || id->as_int() == nullptr) continue;
    session.console.say("the disk of worker " + std::to_string(*id->as_int()) + " is full");
  }
}

// Says on stderr what keeps a worker from applying and reading: its PostgreSQL, most of the time.
void tell_worker_trouble(Session& session, const Json::Array& workers) {
  for (const Json& worker : workers) {
    const Json* trouble = worker.find("trouble");
    const Json* id = worker.find("id");
    if (trouble == nullptr || trouble->as_string() == nullptr) continue;
    if (id == nullptr || id->as_int() == nullptr) continue;
    session.console.say("worker " + std::to_string(*id->as_int()) + ": " + *trouble->as_string());
  }
}

// Says on stderr what data lies beside that of a worker: nobody uses it, and it takes space.
void tell_set_aside(Session& session, const Json::Array& workers) {
  for (const Json& worker : workers) {
    const Json* id = worker.find("id");
    const Json* list = worker.find("set_aside");
    if (id == nullptr || id->as_int() == nullptr) continue;
    if (list == nullptr || list->as_array() == nullptr) continue;
    for (const Json& aside : *list->as_array()) {
      const Json* path = aside.find("path");
      const Json* reason = aside.find("reason");
      if (path == nullptr || path->as_string() == nullptr) continue;
      const bool told =
          reason != nullptr && reason->as_string() != nullptr && !reason->as_string()->empty();
      session.console.say("data of worker " + std::to_string(*id->as_int()) +
                          " was set aside in '" + *path->as_string() + "'" +
                          (told ? ": " + *reason->as_string() : ""));
    }
  }
}

}  // namespace

ExitStatus workers_ls(Session& session, const Arguments&) {
  return session.ask_and_print(Call{.url = session.settings.orch_url + "/api/v1/worker/list"},
                               "[]");
}

ExitStatus workers_status(Session& session, const Arguments&) {
  const Result<Reply> reply =
      session.ask(Call{.url = session.settings.orch_url + "/api/v1/worker/status"});
  if (!reply) return session.report(reply.error());
  if (session.output.format() == Format::kJson) return session.print(*reply, "[]");
  const auto json = wire::parse_json(reply->body);
  if (!json || json->as_array() == nullptr) return session.print(*reply, "[]");
  Json::Array rows;
  for (const Json& worker : *json->as_array()) rows.push_back(status_row(worker));
  session.output.print(Json(std::move(rows)));
  tell_full_disks(session, *json->as_array());
  tell_worker_trouble(session, *json->as_array());
  tell_set_aside(session, *json->as_array());
  tell_trouble(session);
  return ExitStatus::kOk;
}

ExitStatus workers_create(Session& session, const Arguments& arguments) {
  if (!arguments.operands.empty() && arguments.operands[0] != "slave") {
    return session.report(
        {ErrorKind::kUsage, "only a 'slave' can be created, not '" + arguments.operands[0] + "'"});
  }
  return session.ask_and_print(change(session, "create/slave"));
}

ExitStatus workers_crash(Session& session, const Arguments& arguments) {
  const std::string& which = arguments.operands[0];
  if (which != "master" && which != "slave") {
    return session.report({ErrorKind::kUsage, "'" + which + "' is neither 'master' nor 'slave'" +
                                                  daemon::suggestion(which, {"master", "slave"})});
  }
  return session.ask_and_print(change(session, "crash/" + which));
}

}  // namespace tandem::client

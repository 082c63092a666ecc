// Commands that operate workers without a failed request: transfer, restart.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "commands.h"
#include "id_operand.h"
#include "session.h"

namespace tandem::client {
namespace {

using wire::Json;

constexpr int64_t kRestartTimeoutMs = 180'000;  // the service has its own, and says how far it came

struct Worker {
  int64_t id = 0;
  int64_t pid = 0;
  bool leads = false;
  std::string state;
};

Call order(const Session& session, const std::string& path, std::string body = {}) {
  return Call{.kind = Call::Kind::kOnce,
              .method = "POST",
              .url = session.settings.orch_url + "/api/v1/" + path,
              .body = std::move(body)};
}

Error no_id(const std::string& text) {
  return {ErrorKind::kUsage, "'" + text + "' is no id of a worker: 'workers status' shows them"};
}

// Slaves first, by id; the master last.
Result<std::vector<Worker>> workers_in_order(Session& session) {
  const Result<Reply> reply =
      session.ask(Call{.url = session.settings.orch_url + "/api/v1/worker/status"});
  if (!reply) return fail(reply.error());
  const auto json = wire::parse_json(reply->body);
  std::vector<Worker> workers;
  if (json && json->as_array() != nullptr) {
    for (const Json& row : *json->as_array()) {
      const Json* id = row.find("id");
      const Json* pid = row.find("pid");
      const Json* role = row.find("role");
      const Json* state = row.find("state");
      if (id == nullptr || id->as_int() == nullptr || pid == nullptr || pid->as_int() == nullptr) {
        continue;
      }
      workers.push_back({*id->as_int(), *pid->as_int(), role != nullptr && *role == Json("master"),
                         state != nullptr && state->as_string() != nullptr ? *state->as_string()
                                                                           : std::string()});
    }
  }
  if (workers.empty()) return fail(ErrorKind::kUnavailable, "there are no workers");
  std::sort(workers.begin(), workers.end(), [](const Worker& a, const Worker& b) {
    return std::make_pair(a.leads, a.id) < std::make_pair(b.leads, b.id);
  });
  return workers;
}

// [pid]
int64_t pid_in(const Reply& reply) {
  const auto json = wire::parse_json(reply.body);
  if (!json || json->as_array() == nullptr || json->as_array()->size() != 1) return 0;
  const int64_t* pid = json->as_array()->front().as_int();
  return pid == nullptr ? 0 : *pid;
}

// Restarts all, each when the one before is in sync again. A master that is restarted hands
// leadership over to a slave in sync, and by then those are new processes.
class RollingRestart {
 public:
  RollingRestart(Session& session, std::vector<Worker> workers)
      : session_(session), workers_(std::move(workers)) {}

  ExitStatus run() {
    ExitStatus status = ExitStatus::kOk;
    for (size_t at = 0; at < workers_.size() && status == ExitStatus::kOk; ++at) {
      status = restart(workers_[at], at);
    }
    if (!rows_.empty()) session_.output.print(Json(std::move(rows_)));
    return status;
  }

 private:
  ExitStatus restart(const Worker& worker, size_t at) {
    const std::string id = std::to_string(worker.id);
    session_.console.say("restarting worker " + id + ", a " + (worker.leads ? "master" : "slave") +
                         " (" + std::to_string(at + 1) + " of " + std::to_string(workers_.size()) +
                         ")");
    const int64_t begun_ns = system_clock().boot_ns();
    const Result<Reply> reply = session_.ask(order(session_, "worker/" + id + "/restart"));
    if (!reply) {
      session_.console.say("stopped at worker " + id + ", " + std::to_string(at) + " of " +
                           std::to_string(workers_.size()) + " were restarted");
      return session_.report(reply.error());
    }
    const int64_t took_ms = (system_clock().boot_ns() - begun_ns) / 1'000'000;
    Json row;
    row.set("id", worker.id);
    row.set("role", worker.leads ? "master" : "slave");
    row.set("old_pid", worker.pid);
    row.set("pid", pid_in(*reply));
    row.set("ms", took_ms);
    rows_.push_back(std::move(row));
    return ExitStatus::kOk;
  }

  Session& session_;
  const std::vector<Worker> workers_;
  Json::Array rows_;
};

}  // namespace

ExitStatus workers_transfer(Session& session, const Arguments& arguments) {
  const std::string& id = arguments.operands[0];
  if (!can_be_id(id)) return session.report(no_id(id));
  return session.ask_and_print(order(session, "worker/" + id + "/transfer"));
}

ExitStatus workers_restart(Session& session, const Arguments& arguments) {
  const bool rolling = arguments.line.has("rolling");
  if (rolling != arguments.operands.empty()) {
    return session.report({ErrorKind::kUsage, "give the ID of a worker or --rolling, one of them"});
  }
  if (!session.settings.timeout_given) session.caller.set_timeout_ms(kRestartTimeoutMs);
  if (!rolling) {
    const std::string& id = arguments.operands[0];
    if (!can_be_id(id)) return session.report(no_id(id));
    return session.ask_and_print(order(session, "worker/" + id + "/restart"));
  }
  auto workers = workers_in_order(session);
  if (!workers) return session.report(workers.error());
  for (const Worker& worker : *workers) {
    if (worker.state != "silent" && worker.state != "starting") continue;
    return session.report({ErrorKind::kConflict, "worker " + std::to_string(worker.id) + " is " +
                                                     worker.state +
                                                     ": nothing was restarted, try again when all "
                                                     "workers are up"});
  }
  return RollingRestart(session, std::move(*workers)).run();
}

}  // namespace tandem::client

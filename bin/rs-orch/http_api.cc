#include "http_api.h"

#include <unistd.h>

#include <set>
#include <string>
#include <utility>

#include "audit.h"
#include "base/clock.h"
#include "base/host_name.h"
#include "base/number.h"
#include "drill_note.h"
#include "http/call_request.h"
#include "http/route_table.h"
#include "status_report.h"
#include "wire/envelope.h"
#include "wire/json.h"

namespace tandem::orch {
namespace {

using http::Method;
using http::Request;
using http::Responder;

void answer(Responder& responder, const wire::Response& response) {
  const std::string index = std::to_string(response.index);
  const bool later = response.status == 503;
  const http::NameValue header =
      later ? http::NameValue{"Retry-After", "1"} : http::NameValue{"X-Db-Index", index};
  responder.send({.status = response.status,
                  .content_type = http::kJsonType,
                  .body = response.body,
                  .headers = {&header, later || response.index != 0 ? 1U : 0U},
                  .shared_body = response.shared_body});
}

void answer_pid(Responder& responder, int status, const Result<pid_t>& pid) {
  if (pid) {
    responder.json(status, "[" + std::to_string(*pid) + "]");
  } else {
    responder.error(pid.error());
  }
}

Result<repl::ReplicaId> parse_id(std::string_view text) {
  if (const auto id = parse_number<repl::ReplicaId>(text, 1)) return *id;
  return fail(ErrorKind::kNotFound, "there is no worker '" + std::string(text) + "'");
}

struct GivenUp {
  std::set<repl::ReplicaId> ids;
  bool force = false;
};

// {"workers":[1,2]}, and "force":true where they are not proven to be lost
Result<GivenUp> parse_given_up(std::string_view body) {
  const auto json = wire::parse_request_json(body);
  if (!json) return fail(json.error());
  const wire::Json* workers = json->find("workers");
  if (workers == nullptr || workers->as_array() == nullptr || workers->as_array()->empty()) {
    return fail(ErrorKind::kBadInput, "'workers' is to be an array of ids, not empty");
  }
  std::set<repl::ReplicaId> ids;
  for (const wire::Json& element : *workers->as_array()) {
    const int64_t* id = element.as_int();
    if (id == nullptr || *id <= 0 || *id > UINT32_MAX) {
      return fail(ErrorKind::kBadInput, "'workers' is to be an array of ids, not empty");
    }
    ids.insert(static_cast<repl::ReplicaId>(*id));
  }
  const wire::Json* force = json->find("force");
  if (force != nullptr && force->as_bool() == nullptr) {
    return fail(ErrorKind::kBadInput, "'force' is to be true or false");
  }
  return GivenUp{std::move(ids), force != nullptr && *force->as_bool()};
}

constexpr int64_t kDrillEveryMs = 10'000;

// "1,2"
std::string ids_text(const std::set<repl::ReplicaId>& ids) {
  std::string text;
  for (const repl::ReplicaId id : ids) text += (text.empty() ? "" : ",") + std::to_string(id);
  return text;
}

Fleet::PidDone answer_with_pid(Responder responder) {
  return [responder = std::move(responder)](const Result<pid_t>& pid) mutable {
    answer_pid(responder, 200, pid);
  };
}

// ?replica=ID, for whoever wants to see what one replica has; 0 where it is not given.
Result<repl::ReplicaId> named_replica(const Request& request, Orchestrator& orchestrator) {
  const auto text = request.query_value("replica");
  if (!text) return repl::ReplicaId{0};
  const auto id = parse_id(*text);
  if (!id || orchestrator.workers().find(*id) == nullptr) {
    return fail(ErrorKind::kBadInput, "there is no replica '" + std::string(*text) + "'");
  }
  return id;
}

// Starting and killing workers is the active orchestrator's: another one refuses.
bool refuse_where_passive(const Orchestrator& orchestrator, Responder& responder) {
  if (orchestrator.active()) return false;
  responder.error(503, "another orchestrator is active");
  return true;
}

}  // namespace

HttpApi::HttpApi(Orchestrator& orchestrator)
    : orchestrator_(orchestrator),
      ask_([&orchestrator](const wire::Request& request, group::Gateway::Done done,
                           repl::ReplicaId replica) {
        orchestrator.read_uncounted(request, std::move(done), replica);
      }) {}

void HttpApi::add_routes(http::Router& router) {
  static constexpr http::Known kReadNames = {"table columns where order limit offset count reads",
                                             "consistency replica",
                                             "table columns where order limit offset count"};
  static constexpr http::Known kWriteNames = {
      "table op where row set if ops", {}, "table op where row set exists count"};
  static constexpr http::RouteRow<HttpApi> kRows[] = {
      {Method::kPost, "/api/v1/db/read", &HttpApi::db_read, kReadNames, http::Effect::kReads},
      {Method::kPost, "/api/v1/db/write", &HttpApi::db_write, kWriteNames},
      {Method::kPost, "/api/v1/db/clear", &HttpApi::db_clear},
      {Method::kGet, "/api/v1/db/export", &HttpApi::db_export, {{}, "consistency replica"}},
      {Method::kGet, "/api/v1/db/backup", &HttpApi::db_backup, {{}, "replica"}},
      {Method::kGet, "/api/v1/db/schema", &HttpApi::db_schema},
      {Method::kPost, "/api/v1/create/slave", &HttpApi::create_slave},
      {Method::kPost, "/api/v1/crash/master", &HttpApi::crash_master},
      {Method::kPost, "/api/v1/crash/slave", &HttpApi::crash_slave},
      {Method::kGet, "/api/v1/worker/list", &HttpApi::worker_list},
      {Method::kGet, "/api/v1/worker/status", &HttpApi::worker_status},
      {Method::kPost, "/api/v1/worker/{id}/transfer", &HttpApi::worker_transfer},
      {Method::kPost, "/api/v1/worker/{id}/restart", &HttpApi::worker_restart},
      {Method::kPost, "/api/v1/accept-loss", &HttpApi::accept_loss, {"workers force"}},
      {Method::kGet, "/api/v1/orchestrator", &HttpApi::orchestrator},
      {Method::kGet, "/api/v1/status", &HttpApi::status},
      {Method::kGet, "/api/v1/events", &HttpApi::events, {{}, "samples"}},
      {Method::kPost,
       "/api/v1/events",
       &HttpApi::tell,
       {"event drill verdict reason gap_ms answered lost doubled stale"}},
      {Method::kGet, "/api/v1/events/history", &HttpApi::history, {{}, "since limit"}},
  };
  http::add_routes(router, *this, kRows);
}

void HttpApi::db_read(const Request& request, Responder responder) {
  wire::Request read;
  read.method = wire::Method::kDbRead;
  const auto words = http::read_words(request);
  if (!words) return responder.error(words.error());
  const auto replica = named_replica(request, orchestrator_);
  if (!replica) {
    responder.error(replica.error());
    return;
  }
  read.request_id = words->request_id;
  read.consistency = words->consistency;
  read.min_index = words->min_index;
  read.body = request.body;
  orchestrator_.read(
      read,
      [responder = std::move(responder)](const wire::Response& r) mutable { answer(responder, r); },
      *replica);
}

void HttpApi::db_write(const Request& request, Responder responder) {
  wire::Request write;
  const auto words = http::write_words(request);
  if (!words) return responder.error(words.error());
  write.method = wire::Method::kDbWrite;
  write.request_id = words->request_id;
  write.key = words->key;
  write.body = request.body;
  orchestrator_.write(write, [responder = std::move(responder)](const wire::Response& r) mutable {
    answer(responder, r);
  });
}

void HttpApi::db_clear(const Request& request, Responder responder) {
  wire::Request clear;
  const auto words = http::write_words(request);
  if (!words) return responder.error(words.error());
  clear.method = wire::Method::kDbClear;
  clear.request_id = words->request_id;
  clear.key = words->key;
  orchestrator_.clear(clear, http::asker_of(request),
                      [responder = std::move(responder)](const wire::Response& r) mutable {
                        if (r.status != 200) return answer(responder, r);
                        answer(responder, wire::Response{200, r.index, "{}"});
                      });
}

void HttpApi::db_export(const Request& request, Responder responder) {
  give(request, std::move(responder), wire::Method::kDbExport);
}

void HttpApi::db_backup(const Request& request, Responder responder) {
  give(request, std::move(responder), wire::Method::kBackup,
       [this, id = std::string(request.request_id), peer = http::asker_of(request)](
           uint64_t index, uint64_t bytes) {
         wire::Json fields;
         fields.set("index", index).set("bytes", bytes);
         fields.set("request_id", id).set("peer", peer);
         orchestrator_.events().tell("backup", "a backup was given", fields);
       });
}

void HttpApi::give(const Request& request, Responder responder, wire::Method method,
                   group::Exports::Whole whole) {
  const auto words = http::read_words(request);
  if (!words) return responder.error(words.error());
  const auto replica = named_replica(request, orchestrator_);
  if (!replica) return responder.error(replica.error());
  if (request.method == Method::kHead) return group::Exports::head(std::move(responder));
  wire::Request wanted;
  wanted.method = method;
  wanted.request_id = words->request_id;
  // A backup has every write that was answered by now, whatever else a read may be content with.
  wanted.consistency =
      method == wire::Method::kBackup ? wire::Consistency::kLinearizable : words->consistency;
  wanted.min_index = words->min_index;
  exports_.begin(ask_, wanted, std::move(responder), *replica, std::move(whole));
}

void HttpApi::db_schema(const Request&, Responder responder) {
  responder.json(200, orchestrator_.declared_tables());
}

void HttpApi::create_slave(const Request&, Responder responder) {
  if (refuse_where_passive(orchestrator_, responder)) return;
  answer_pid(responder, 201, orchestrator_.fleet().create_slave());
}

void HttpApi::crash_master(const Request&, Responder responder) {
  if (refuse_where_passive(orchestrator_, responder)) return;
  orchestrator_.fleet().crash_master(answer_with_pid(std::move(responder)));
}

void HttpApi::crash_slave(const Request&, Responder responder) {
  if (refuse_where_passive(orchestrator_, responder)) return;
  orchestrator_.fleet().crash_slave(answer_with_pid(std::move(responder)));
}

void HttpApi::worker_transfer(const Request& request, Responder responder) {
  const auto id = parse_id(request.param("id"));
  if (!id) return responder.error(id.error());
  orchestrator_.transfer(*id, answer_with_pid(std::move(responder)));
}

void HttpApi::worker_restart(const Request& request, Responder responder) {
  const auto id = parse_id(request.param("id"));
  if (!id) return responder.error(id.error());
  orchestrator_.restart(*id, answer_with_pid(std::move(responder)));
}

void HttpApi::accept_loss(const Request& request, Responder responder) {
  const auto given_up = parse_given_up(request.body);
  if (!given_up) return responder.error(given_up.error());
  Audit audit(
      orchestrator_.events(),
      {"accept_loss",
       "giving up workers " + ids_text(given_up->ids) + (given_up->force ? " by force" : ""),
       std::string(request.request_id), http::asker_of(request),
       wire::Json::Object{{"workers", ids_text(given_up->ids)}, {"force", given_up->force}}});
  orchestrator_.accept_loss(given_up->ids, given_up->force,
                            [audit = std::move(audit),
                             responder = std::move(responder)](const Result<pid_t>& pid) mutable {
                              if (pid) {
                                audit.ended(200, {});
                              } else {
                                audit.ended(http::status_of(pid.error().kind), pid.error().message);
                              }
                              answer_pid(responder, 200, pid);
                            });
}

void HttpApi::worker_list(const Request&, Responder responder) {
  std::string body = "[";
  for (const pid_t pid : orchestrator_.pids()) {
    if (body.size() > 1) body += ',';
    body += std::to_string(pid);
  }
  responder.json(200, body + "]");
}

void HttpApi::worker_status(const Request&, Responder responder) {
  report_workers(orchestrator_, [responder = std::move(responder)](wire::Json::Array rows) mutable {
    responder.json(200, wire::Json(std::move(rows)));
  });
}

void HttpApi::status(const Request&, Responder responder) {
  report_status(orchestrator_, [responder = std::move(responder)](const wire::Json& json) mutable {
    responder.json(200, json);
  });
}

// This process: whether it is the active one, and why the database takes no requests where it
// does not.
void HttpApi::orchestrator(const Request&, Responder responder) {
  wire::Json body;
  body.set("pid", static_cast<int64_t>(getpid()));
  body.set("host", host_name("localhost"));
  body.set("group", orchestrator_.group());
  body.set("active", orchestrator_.active());
  const Status ready = orchestrator_.readiness();
  body.set("ready", ready.has_value());
  body.set("reason", ready ? std::string() : ready.error().message);
  responder.json(200, body.dump());
}

void HttpApi::events(const Request& request, Responder responder) {
  orchestrator_.events().stream(request, std::move(responder));
}

void HttpApi::tell(const Request& request, Responder responder) {
  const auto drill = drill_in(request.body);
  if (!drill) return responder.error(drill.error());
  // What is told by others is not to push out what happened.
  const int64_t now_ms = system_clock().boot_ns() / 1'000'000;
  if (now_ms < next_drill_ms_) {
    return responder.error(429, "a drill was told of just now: one is taken every ten seconds");
  }
  next_drill_ms_ = now_ms + kDrillEveryMs;
  orchestrator_.events().tell("drill", drill->reason, drill->fields);
  responder.json(200, "{}");
}

void HttpApi::history(const Request& request, Responder responder) {
  orchestrator_.events().list(request, std::move(responder));
}

}  // namespace tandem::orch

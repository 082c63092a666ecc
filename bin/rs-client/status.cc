// status: everything that runs, a line each.
#include <string>
#include <utility>
#include <vector>

#include "commands.h"
#include "look.h"
#include "session.h"

namespace tandem::client {
namespace {

using wire::Json;

// Who does not answer by then is not there: this is a look, not a wait.
constexpr int64_t kLookMs = 1500;

Json row(const std::string& name, const std::string& where, const std::string& state,
         const std::string& what, const std::string& remedy = {}) {
  Json json;
  json.set("name", name).set("state", state).set("where", where).set("what", what);
  json.set("remedy", remedy);
  return json;
}

// "3 leads, epoch 7, in sync: 1, 2, 3"
std::string led(const Json& group) {
  const Json* record = group.find("record");
  if (record == nullptr || record->is_null()) return {};
  return std::to_string(number_of(*record, "leader")) + " leads, epoch " +
         std::to_string(number_of(*record, "epoch")) +
         ", in sync: " + joined(list_of(*record, "in_sync"));
}

void add_replica(Json::Array& rows, const std::string& kind, const Json& replica) {
  const std::string trouble = text_of(replica, "trouble");
  const Json* lag = replica.find("lag");
  rows.push_back(row(kind + " " + std::to_string(number_of(replica, "id")),
                     "pid " + std::to_string(number_of(replica, "pid")), text_of(replica, "state"),
                     !trouble.empty() ? trouble
                     : lag == nullptr ? text_of(replica, "role")
                                      : text_of(replica, "role") + ", lag " + lag->dump()));
}

void add_service(Json::Array& rows, const Seen& seen) {
  std::string what = seen.why;
  if (what.empty()) what = led(seen.status);
  rows.push_back(row(seen.name, seen.url, word_of(seen.state), what, seen.remedy));
  for (const Json& worker : list_of(seen.status, "workers")) add_replica(rows, "worker", worker);
  for (const Json& group : list_of(seen.status, "groups")) {
    const std::string name = text_of(group, "group");
    const std::string why = text_of(group, "reason");
    rows.push_back(row(name, "", is_true(group, "ready") ? "ready" : "not ready",
                       why.empty() ? led(group) : why, text_of(group, "remedy")));
    for (const Json& replica : list_of(group, "replicas")) add_replica(rows, name, replica);
  }
}

void drop_remedies(Json::Array& rows) {
  for (Json& row : rows) row.as_object()->pop_back();
}

}  // namespace

ExitStatus show_status(Session& session, const Arguments& arguments) {
  const Settings& settings = session.settings;
  const auto chosen = chosen_applications(arguments, settings);
  if (!chosen) return session.report(chosen.error());
  std::vector<Seen> seen;
  look(session.fetcher, settings, *chosen, settings.timeout_given ? settings.timeout_ms : kLookMs,
       [&](std::vector<Seen> all) {
         seen = std::move(all);
         session.loop.stop();
       });
  session.loop.run();
  Json::Array rows;
  for (const Seen& each : seen) add_service(rows, each);
  // What mends it is in what is wrong as well.
  if (session.output.format() != Format::kJson) drop_remedies(rows);
  session.output.print(Json(std::move(rows)));
  return exit_status_of(seen);
}

}  // namespace tandem::client

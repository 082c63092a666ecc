#include "group/status_json.h"

#include <algorithm>
#include <utility>

#include "base/host_name.h"
#include "base/ids.h"
#include "base/remedy.h"

namespace tandem::group {
namespace {

constexpr const char* kTold[] = {"epoch",         "last_index",     "commit_index",
                                 "applied_index", "snapshot_index", "lease",
                                 "has_space",     "trouble",        "set_aside"};

}  // namespace

wire::Json record_json(const repl::Record& record) {
  wire::Json::Array in_sync;
  for (const repl::Member& member : record.in_sync) {
    in_sync.emplace_back(static_cast<int64_t>(member.id));
  }
  wire::Json json;
  json.set("lineage", hex_id(record.lineage));
  json.set("version", static_cast<int64_t>(record.version));
  json.set("epoch", static_cast<int64_t>(record.epoch));
  json.set("leader", static_cast<int64_t>(record.leader));
  json.set("in_sync", wire::Json(std::move(in_sync)));
  json.set("min_in_sync", static_cast<int64_t>(record.min_in_sync));
  return json;
}

void add_readiness(wire::Json& json, const Status& ready) {
  const std::string reason = ready ? std::string() : ready.error().message;
  json.set("ready", ready.has_value());
  json.set("reason", reason);
  json.set("remedy", remedy_in(reason));
}

wire::Json backends_json(std::string_view coordination, const wire::Json::Array& rows) {
  wire::Json json;
  json.set("tables", "file");
  for (const wire::Json& row : rows) {
    const wire::Json* told = row.find("tables");
    if (told != nullptr) json.set("tables", *told);
  }
  json.set("coordination", coordination);
  return json;
}

void add_group(wire::Json& json, const Group& group) {
  const Leadership& leadership = group.leadership();
  json.set("group", group.group());
  add_readiness(json, group.readiness());
  json.set("leader_open", leadership.leader_open());
  json.set("record", leadership.record() ? record_json(*leadership.record()) : wire::Json());
  json.set("in_flight", static_cast<int64_t>(group.gateway().in_flight()));
}

ReplicaRows::ReplicaRows(const Leadership& leadership, RoleNames names,
                         std::vector<std::string> more)
    : leadership_(leadership), names_(names), more_(std::move(more)) {}

std::string_view ReplicaRows::role_of(repl::ReplicaId id) const {
  return id == leadership_.leader() ? names_.leader : names_.follower;
}

void ReplicaRows::add(const ReplicaLink& replica, const wire::Json* told) {
  const bool in_sync = leadership_.in_sync(replica);
  const std::string& host = replica.member.host;
  wire::Json row;
  row.set("pid", replica.member.pid);
  row.set("id", static_cast<int64_t>(replica.member.id));
  row.set("role", role_of(replica.member.id));
  row.set("host", host.empty() ? host_name("localhost") : host);
  row.set("state", told == nullptr ? "silent" : in_sync ? "in sync" : "catching up");
  row.set("in_sync", in_sync);
  row.set("reads_served", replica.reads_served);
  row.set("since_ms", replica.since_ms);
  row.set("address", replica.member.address);
  if (told != nullptr) {
    const auto take_over = [&](std::string_view name) {
      if (const wire::Json* value = told->find(name)) row.set(name, *value);
    };
    for (const char* name : kTold) take_over(name);
    for (const std::string& name : more_) take_over(name);
    const wire::Json* last = told->find("last_index");
    if (last != nullptr && last->as_int() != nullptr) newest_ = std::max(newest_, *last->as_int());
  }
  rows_.push_back(std::move(row));
}

void ReplicaRows::add_absent(int64_t id) {
  const bool known = std::any_of(rows_.begin(), rows_.end(), [id](const wire::Json& row) {
    return *row.find("id")->as_int() == id;
  });
  if (known) return;
  const auto replica = static_cast<repl::ReplicaId>(id);
  const auto& record = leadership_.record();
  wire::Json row;
  row.set("id", id);
  row.set("role", role_of(replica));
  row.set("state", "not running");
  row.set("in_sync", record && record->find(replica) != nullptr);
  rows_.push_back(std::move(row));
}

void ReplicaRows::add_starting(repl::ReplicaId id, int64_t pid, const std::string& trouble,
                               std::optional<int64_t> since_ms) {
  wire::Json row;
  row.set("pid", pid);
  row.set("id", static_cast<int64_t>(id));
  row.set("role", role_of(id));
  row.set("host", host_name("localhost"));
  row.set("state", "starting");
  row.set("in_sync", false);
  if (!trouble.empty()) row.set("trouble", trouble);
  if (since_ms) row.set("since_ms", *since_ms);
  rows_.push_back(std::move(row));
}

wire::Json::Array ReplicaRows::take(std::string_view sorted_by) {
  std::sort(rows_.begin(), rows_.end(), [&](const wire::Json& a, const wire::Json& b) {
    return *a.find(sorted_by)->as_int() < *b.find(sorted_by)->as_int();
  });
  for (wire::Json& row : rows_) {
    const wire::Json* applied = row.find("applied_index");
    if (applied != nullptr && applied->as_int() != nullptr) {
      row.set("lag", std::max<int64_t>(0, newest_ - *applied->as_int()));
    }
  }
  return std::exchange(rows_, {});
}

}  // namespace tandem::group

#include "repl/types.h"

#include <algorithm>
#include <limits>

#include "base/ids.h"
#include "wire/json.h"

namespace tandem::repl {
namespace {

using wire::Json;

template <typename Number>
Result<Number> number_of(const Json& object, std::string_view key) {
  constexpr int64_t kMost = sizeof(Number) == sizeof(int64_t)
                                ? std::numeric_limits<int64_t>::max()
                                : int64_t{std::numeric_limits<uint32_t>::max()};
  const Json* value = object.find(key);
  const int64_t* number = value == nullptr ? nullptr : value->as_int();
  if (number == nullptr || *number < 1 || *number > kMost) {
    return fail(ErrorKind::kCorrupt, "record: '" + std::string(key) + "' is no positive number");
  }
  return static_cast<Number>(*number);
}

Result<uint64_t> hex_of(const Json& object, std::string_view key) {
  const Json* value = object.find(key);
  const std::string* text = value == nullptr ? nullptr : value->as_string();
  if (text == nullptr) {
    return fail(ErrorKind::kCorrupt, "record: '" + std::string(key) + "' is missing");
  }
  const auto id = parse_hex_id(*text);
  if (!id) return fail(ErrorKind::kCorrupt, "record: " + id.error().message);
  if (*id == 0) return fail(ErrorKind::kCorrupt, "record: '" + std::string(key) + "' is 0");
  return *id;
}

Result<Member> parse_member(const Json& object) {
  const auto id = number_of<ReplicaId>(object, "id");
  if (!id) return fail(id.error());
  const auto storage_id = hex_of(object, "storage_id");
  if (!storage_id) return fail(storage_id.error());
  return Member{*id, *storage_id};
}

}  // namespace

bool Record::contains(const Member& member) const {
  return std::find(in_sync.begin(), in_sync.end(), member) != in_sync.end();
}

const Member* Record::find(ReplicaId id) const {
  const auto it = std::find_if(in_sync.begin(), in_sync.end(),
                               [id](const Member& member) { return member.id == id; });
  return it == in_sync.end() ? nullptr : &*it;
}

std::string to_text(const Record& record) {
  Json::Array members;
  for (const Member& member : record.in_sync) {
    members.push_back(Json::Object{{"id", Json(static_cast<int64_t>(member.id))},
                                   {"storage_id", Json(hex_id(member.storage_id))}});
  }
  Json json;
  json.set("lineage", hex_id(record.lineage));
  json.set("epoch", record.epoch);
  json.set("version", record.version);
  json.set("leader", static_cast<int64_t>(record.leader));
  json.set("in_sync", std::move(members));
  json.set("min_in_sync", static_cast<int64_t>(record.min_in_sync));
  return json.dump() + "\n";
}

Result<Record> parse_record(std::string_view text) {
  const auto json = wire::parse_json(text);
  if (!json) return fail(ErrorKind::kCorrupt, "record: " + json.error().message);
  Record record;
  const auto lineage = hex_of(*json, "lineage");
  if (!lineage) return fail(lineage.error());
  record.lineage = *lineage;
  const auto epoch = number_of<Epoch>(*json, "epoch");
  if (!epoch) return fail(epoch.error());
  record.epoch = *epoch;
  const auto version = number_of<uint64_t>(*json, "version");
  if (!version) return fail(version.error());
  record.version = *version;
  const auto leader = number_of<ReplicaId>(*json, "leader");
  if (!leader) return fail(leader.error());
  record.leader = *leader;
  const auto min_in_sync = number_of<uint32_t>(*json, "min_in_sync");
  if (!min_in_sync) return fail(min_in_sync.error());
  record.min_in_sync = *min_in_sync;
  const Json* members = json->find("in_sync");
  if (members == nullptr || members->as_array() == nullptr) {
    return fail(ErrorKind::kCorrupt, "record: 'in_sync' is no array");
  }
  for (const Json& object : *members->as_array()) {
    const auto member = parse_member(object);
    if (!member) return fail(member.error());
    if (record.find(member->id) != nullptr) {
      return fail(ErrorKind::kCorrupt, "record: a replica is in 'in_sync' twice");
    }
    record.in_sync.push_back(*member);
  }
  std::sort(record.in_sync.begin(), record.in_sync.end());
  if (record.find(record.leader) == nullptr) {
    return fail(ErrorKind::kCorrupt, "record: the leader is not in the in-sync set");
  }
  return record;
}

}  // namespace tandem::repl

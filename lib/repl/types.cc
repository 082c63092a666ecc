#include "repl/types.h"

#include <algorithm>
#include <limits>

#include "base/ids.h"
#include "wire/json.h"

namespace tandem::repl {
namespace {

constexpr std::string_view kFormat = "tandem-record-1";

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

Json::Array to_json(const std::vector<Member>& members) {
  Json::Array array;
  for (const Member& member : members) {
    array.push_back(Json::Object{{"id", Json(static_cast<int64_t>(member.id))},
                                 {"storage_id", Json(hex_id(member.storage_id))}});
  }
  return array;
}

Json::Array to_json(const std::vector<Replaced>& lineages) {
  Json::Array array;
  for (const Replaced& replaced : lineages) {
    Json object;
    object.set("lineage", hex_id(replaced.lineage));
    if (replaced.last_epoch != 0) object.set("epoch", replaced.last_epoch);
    array.push_back(std::move(object));
  }
  return array;
}

Result<Replaced> parse_replaced(const Json& object) {
  const auto lineage = hex_of(object, "lineage");
  if (!lineage) return fail(lineage.error());
  if (object.find("epoch") == nullptr) return Replaced{*lineage, 0};
  const auto epoch = number_of<Epoch>(object, "epoch");
  if (!epoch) return fail(epoch.error());
  return Replaced{*lineage, *epoch};
}

// Those of an array that may be left out.
template <typename T>
Status parse_array(const Json& json, const std::string& key, Result<T> (*parse)(const Json&),
                   std::vector<T>& values) {
  const Json* array = json.find(key);
  if (array == nullptr) return {};
  if (array->as_array() == nullptr) {
    return fail(ErrorKind::kCorrupt, "record: '" + key + "' is no array");
  }
  for (const Json& object : *array->as_array()) {
    const auto value = parse(object);
    if (!value) return fail(value.error());
    values.push_back(*value);
  }
  return {};
}

// What earlier programs did not write.
Status parse_later_fields(const Json& json, Record& record) {
  if (json.find("leader_session") != nullptr) {
    const auto session = hex_of(json, "leader_session");
    if (!session) return fail(session.error());
    record.leader_session = *session;
  }
  Status read = parse_array<Member>(json, "given_up", parse_member, record.given_up);
  if (read) read = parse_array<Replaced>(json, "replaced", parse_replaced, record.replaced);
  return read;
}

}  // namespace

bool Record::contains(const Member& member) const {
  return std::find(in_sync.begin(), in_sync.end(), member) != in_sync.end();
}

bool Record::has_given_up(const Member& member) const {
  return std::find(given_up.begin(), given_up.end(), member) != given_up.end();
}

bool Record::has_replaced(uint64_t other) const {
  return std::any_of(replaced.begin(), replaced.end(),
                     [other](const Replaced& one) { return one.lineage == other; });
}

uint64_t Record::lineage_of(Epoch entry_epoch) const {
  for (const Replaced& one : replaced) {
    if (entry_epoch <= one.last_epoch) return one.lineage;
  }
  return lineage;
}

const Member* Record::find(ReplicaId id) const {
  const auto it = std::find_if(in_sync.begin(), in_sync.end(),
                               [id](const Member& member) { return member.id == id; });
  return it == in_sync.end() ? nullptr : &*it;
}

std::string id_text(const std::vector<Member>& members) {
  std::string text;
  for (const Member& member : members) {
    if (!text.empty()) text += ", ";
    text += std::to_string(member.id);
  }
  return text;
}

std::string to_text(const Position& position) {
  return "entry " + std::to_string(position.index) + " of epoch " + std::to_string(position.epoch);
}

std::string to_text(const Record& record) {
  Json json;
  json.set("lineage", hex_id(record.lineage));
  json.set("epoch", record.epoch);
  json.set("version", record.version);
  json.set("leader", static_cast<int64_t>(record.leader));
  json.set("in_sync", to_json(record.in_sync));
  json.set("min_in_sync", static_cast<int64_t>(record.min_in_sync));
  if (record.leader_session != 0) json.set("leader_session", hex_id(record.leader_session));
  if (!record.given_up.empty()) json.set("given_up", to_json(record.given_up));
  if (!record.replaced.empty()) json.set("replaced", to_json(record.replaced));
  return json.dump() + "\n";
}

Result<Record> parse_record(std::string_view text) {
  const auto json = wire::parse_json(text);
  if (!json) return fail(ErrorKind::kCorrupt, "record: " + json.error().message);
  // Ours does not say; one that a later program writes does.
  const Json* format = json->find("format");
  if (format != nullptr && *format != Json(kFormat)) {
    return fail(ErrorKind::kConfig, "the record is of format " + format->dump() +
                                        ", this program reads " + Json(kFormat).dump());
  }
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
  if (const Status later = parse_later_fields(*json, record); !later) return fail(later.error());
  if (record.find(record.leader) == nullptr) {
    return fail(ErrorKind::kCorrupt, "record: the leader is not in the in-sync set");
  }
  return record;
}

}  // namespace tandem::repl

#include "coord/member_text.h"

#include <utility>

#include "base/ids.h"
#include "wire/json.h"
#include "wire/stored_json.h"

namespace tandem::coord {
namespace {

constexpr std::string_view kFormat = "tandem-member-1";

std::string text_of(const wire::Json& json, std::string_view key, bool& ok) {
  const wire::Json* member = json.find(key);
  ok = ok && member != nullptr && member->as_string() != nullptr;
  return ok ? *member->as_string() : std::string();
}

int64_t integer_of(const wire::Json& json, std::string_view key, bool& ok) {
  const wire::Json* member = json.find(key);
  ok = ok && member != nullptr && member->as_int() != nullptr;
  return ok ? *member->as_int() : 0;
}

// A path may hold any bytes.
std::string stored_of(const wire::Json& json, std::string_view key, bool& ok) {
  auto text = wire::stored_text(json, key);
  ok = ok && text.has_value();
  return std::move(text).value_or("");
}

// Numbers of 64 bits are written as 16 hex digits: JSON's integers are signed here.
uint64_t id_of(const wire::Json& json, std::string_view key, bool& ok) {
  const Result<uint64_t> id = parse_hex_id(text_of(json, key, ok));
  ok = ok && id.has_value();
  return id.value_or(0);
}

}  // namespace

std::string encode_member(const Member& member) {
  wire::Json json;
  json.set("id", static_cast<int64_t>(member.id));
  json.set("storage_id", hex_id(member.storage_id));
  json.set("session", hex_id(member.session));
  wire::set_stored_text(json, "address", member.address);
  wire::set_stored_text(json, "http", member.http);
  json.set("pid", member.pid);
  json.set("start_ticks", hex_id(member.start_ticks));
  json.set("boot_id", member.boot_id);
  wire::set_stored_text(json, "host", member.host);
  wire::set_stored_text(json, "lock_path", member.lock_path);
  json.set("lock_device", hex_id(member.lock_device));
  json.set("lock_inode", hex_id(member.lock_inode));
  json.set("extra", member.extra);
  return json.dump();
}

Result<Member> decode_member(std::string_view text) {
  const Result<wire::Json> json = wire::parse_json(text);
  if (!json) return fail(json.error());
  // Ours does not say; one that a later program writes does.
  const wire::Json* format = json->find("format");
  if (format != nullptr && *format != wire::Json(kFormat)) {
    return fail(ErrorKind::kConfig, "it is of format " + format->dump() + ", this program reads " +
                                        wire::Json(kFormat).dump());
  }
  Member member;
  bool ok = true;
  const int64_t id = integer_of(*json, "id", ok);
  member.id = static_cast<uint32_t>(id);
  member.storage_id = id_of(*json, "storage_id", ok);
  member.session = id_of(*json, "session", ok);
  member.address = stored_of(*json, "address", ok);
  member.http = stored_of(*json, "http", ok);
  member.pid = integer_of(*json, "pid", ok);
  member.start_ticks = id_of(*json, "start_ticks", ok);
  member.boot_id = text_of(*json, "boot_id", ok);
  member.lock_path = stored_of(*json, "lock_path", ok);
  member.lock_device = id_of(*json, "lock_device", ok);
  member.lock_inode = id_of(*json, "lock_inode", ok);
  if (const wire::Json* extra = json->find("extra")) member.extra = *extra;
  if (json->find("host") != nullptr || json->find("host_hex") != nullptr) {
    member.host = stored_of(*json, "host", ok);  // those of older programs have none
  }
  if (!ok || id != static_cast<int64_t>(member.id)) {
    return fail(ErrorKind::kCorrupt, "a field is missing or wrong");
  }
  return member;
}

}  // namespace tandem::coord

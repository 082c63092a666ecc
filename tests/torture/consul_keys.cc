#include "consul_keys.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "wire/json.h"

namespace tandem::torture {
namespace {

constexpr const char* kCopy = "/record.json";

size_t count_of(const support::Answer& answer) {
  const auto json = wire::parse_json(answer.body);
  return answer.status == 200 && json && json->as_array() != nullptr ? json->as_array()->size() : 0;
}

}  // namespace

// Two versions of it differ in the epoch at least, or in the set: the text is its name.
std::optional<RecordVersion> ConsulKeys::record() {
  const support::Answer answer = consul_.call("GET", "/v1/kv/" + key("record") + "?raw");
  if (answer.status != 200) return std::nullopt;
  return record_of(answer.body, answer.body);
}

bool ConsulKeys::has_left(const std::string& storage_id, const std::string& since) {
  const std::optional<RecordVersion> now = record();
  return now && (now->name != since || !names(*now, storage_id));
}

Result<std::string> ConsulKeys::remove_newest_record(uint64_t /*choice*/) {
  return remove_record();
}

Status ConsulKeys::remove(const std::string& name, const char* options) {
  return consul_.command(fmt::format("kv delete {} {}", options, key(name)));
}

Result<std::string> ConsulKeys::remove_record() {
  if (const Status removed = remove("record", ""); !removed) return fail(removed.error());
  return "the record is gone";
}

Status ConsulKeys::copy_record(const std::string& to) {
  std::error_code error;
  std::filesystem::create_directories(to, error);
  // Complete, or not there.
  return consul_.command(
      fmt::format("kv export {0} >{1}/new && mv {1}/new {1}{2}", key("record"), to, kCopy));
}

Status ConsulKeys::put_record_back(const std::string& from) {
  return consul_.command(fmt::format("kv import @{}{}", from, kCopy));
}

Result<std::string> ConsulKeys::remove_registry() {
  if (const Status removed = remove("members/", "-recurse"); !removed) return fail(removed.error());
  if (const Status removed = remove("locks/", "-recurse"); !removed) return fail(removed.error());
  return "keys of members and locks";
}

bool ConsulKeys::holds_all(int members, int64_t epoch) {
  const std::optional<RecordVersion> now = record();
  const auto json = now ? wire::parse_json(now->name) : fail(ErrorKind::kNotFound, "no record");
  const wire::Json* of_record = json ? json->find("epoch") : nullptr;
  if (of_record == nullptr || of_record->as_int() == nullptr || *of_record->as_int() != epoch)
    return false;
  const auto there = consul_.call("GET", "/v1/kv/" + key("members/") + "?keys");
  const auto lock = consul_.call("GET", "/v1/kv/" + key("locks/active"));
  return count_of(there) == static_cast<size_t>(members) &&
         lock.body.find("\"Session\":") != std::string::npos;
}

}  // namespace tandem::torture

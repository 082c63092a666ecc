#include "coordination.h"

#include <algorithm>

#include "wire/json.h"

namespace tandem::torture {

bool names(const RecordVersion& version, const std::string& storage_id) {
  return std::find(version.in_sync.begin(), version.in_sync.end(), storage_id) !=
         version.in_sync.end();
}

std::optional<RecordVersion> record_of(const std::string& name, const std::string& text) {
  const auto record = wire::parse_json(text.substr(0, text.find('\n')));
  const wire::Json* members = record ? record->find("in_sync") : nullptr;
  if (members == nullptr || members->as_array() == nullptr) return std::nullopt;
  RecordVersion version{name, {}};
  for (const wire::Json& member : *members->as_array()) {
    const wire::Json* id = member.find("storage_id");
    if (id != nullptr && id->as_string() != nullptr) version.in_sync.push_back(*id->as_string());
  }
  return version;
}

}  // namespace tandem::torture

#include "group/restore_news.h"

#include <string>

#include "base/ids.h"

namespace tandem::group {

void RestoreNews::look(const Leadership& leadership) {
  const auto& record = leadership.record();
  if (!record || record->lineage == looked_at_) return;
  looked_at_ = record->lineage;
  const std::string lineage = hex_id(record->lineage);
  if (record->replaced.empty() || events_.knows("restore", "lineage", lineage)) return;
  wire::Json fields;
  fields.set("group", group_).set("lineage", lineage);
  fields.set("replaced", hex_id(record->replaced.back().lineage));
  events_.tell("restore", "the group was restored from a backup", fields);
}

}  // namespace tandem::group

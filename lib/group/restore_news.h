// That a group was restored from a backup, as its record says, told once among the events.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "events/journal.h"
#include "group/leadership.h"

namespace tandem::group {

class RestoreNews {
 public:
  // `events` outlives this.
  RestoreNews(events::Journal& events, std::string group)
      : events_(events), group_(std::move(group)) {}

  // To be called when the record may have changed. Tells where it is of a lineage that took the
  // place of others, and that is not among the events that are kept.
  void look(const Leadership& leadership);

 private:
  events::Journal& events_;
  const std::string group_;
  uint64_t looked_at_ = 0;  // the lineage
};

}  // namespace tandem::group

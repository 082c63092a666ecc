#include "events.h"

namespace tandem::orch {

wire::Json worker_fields(uint32_t id, int64_t pid) {
  wire::Json fields;
  fields.set("worker", static_cast<int64_t>(id));
  if (pid != 0) fields.set("pid", pid);
  return fields;
}

}  // namespace tandem::orch

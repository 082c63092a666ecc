#include "config.h"

namespace tandem::worker {

void declare_worker(WorkerConfig& c, daemon::SettingTable& t) {
  c.replica.driver.group = "rides-db";
  replica::declare_replica(c.replica, t, "worker");
  t.duration_ms("worker.orphan_timeout", c.orphan_timeout_ms,
                "it ends when no orchestrator has asked for its state for so long; 0: never", 0,
                int64_t{30} * 86400000);
}

}  // namespace tandem::worker

#include "config.h"

#include "coord/names.h"
#include "rpc/url.h"

namespace tandem::worker {

void declare_worker(WorkerConfig& c, daemon::SettingTable& t) {
  c.replica.group = "rides-db";
  t.integer("worker.id", c.replica.id, 1, 1000000, "number of this replica in its group")
      .required();
  t.text("worker.group", c.replica.group, "name of the group").checked_by(coord::check_group_name);
  t.text("worker.directory", c.replica.directory, "where this replica keeps its data")
      .required()
      .checked_by(daemon::check_not_empty);
  t.text("rpc.url", c.rpc_url, "where others reach this process: ipc://, tcp:// or abstract://")
      .required()
      .checked_by(rpc::check_url);
  t.text("coord.backend", c.coord_backend, "where processes coordinate: local files")
      .one_of({"local"});
  t.text("coord.root", c.coord_root, "directory of the local coordination files")
      .checked_by(daemon::check_not_empty);
  t.integer("worker.max_in_sync", c.replica.max_in_sync, 1, 7,
            "replicas that every write waits for at most; further ones are readers");
  t.integer("worker.max_writers", c.replica.max_writers, 1, 1000000,
            "writes without an outcome; more are refused");
  t.integer("worker.max_readers", c.replica.max_readers, 1, 1000000,
            "reads that wait for this replica to catch up; more are refused");
  t.duration_ms("worker.orphan_timeout", c.orphan_timeout_ms,
                "it ends when no orchestrator has asked for its state for so long; 0: never", 0,
                int64_t{30} * 86400000);
  t.size("log.segment", c.replica.segment_bytes, "size of a log segment, written in advance",
         9 << 20, int64_t{1} << 31);
  t.size("snapshot.log_size", c.replica.snapshot_log_bytes,
         "a snapshot is taken when so much was logged since the last, and no less than that one's "
         "size",
         1 << 10, int64_t{1} << 40);
}

}  // namespace tandem::worker

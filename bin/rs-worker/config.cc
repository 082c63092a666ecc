#include "config.h"

namespace tandem::worker {
namespace {

// A gigabyte of log takes half a second at a start.
constexpr uint64_t kSnapshotSizeCountsBytes = 256 << 20;

}  // namespace

void declare_worker(WorkerConfig& c, daemon::SettingTable& t) {
  c.replica.host.group = "rides-db";
  replica::declare_replica(c.replica, t, "worker");
  t.duration_ms("worker.orphan_timeout", c.orphan_timeout_ms,
                "it ends when no orchestrator has asked for its state for so long; 0: never", 0,
                int64_t{30} * 86400000);
  replica::declare_tables(
      c.tables, t, "where the tables are: file (in memory, from log and snapshots) or postgres");
  t.integer("limits.read_cost", c.limits.read_cost, 1, 1'000'000'000,
            "rows that a read may look at; one that needs more is 413");
  t.integer("limits.write_cost", c.limits.write_cost, 1, 1'000'000'000,
            "rows that a write may look at to find those it is about; more is 413");
  t.size("limits.write_memory", c.limits.write_memory_bytes,
         "memory that a write may take while it is carried out, as estimated; more is 413", 1 << 20,
         int64_t{1} << 40);
  t.size("limits.answer_size", c.limits.answer_bytes, "longest answer to a read; more is 413",
         1 << 10, 15 << 20);
}

Status check_worker(const WorkerConfig& config) {
  return daemon::check_coord(config.replica.coord);
}

replica::HostOptions host_options(const WorkerConfig& config) {
  replica::HostOptions options = config.replica.host;
  // PostgreSQL keeps the rows, so that a start reads the log alone.
  if (config.tables.backend != "file") {
    options.limits.snapshot_size_counts_bytes = kSnapshotSizeCountsBytes;
  }
  return options;
}

}  // namespace tandem::worker

#include "replica/disk_log.h"

#include <utility>

namespace tandem::replica {

DiskLog::DiskLog(Options options, storage::Identity& identity, const Snapshots& snapshots,
                 std::function<void(const Error&)> failed)
    : options_(std::move(options)),
      identity_(identity),
      snapshots_(snapshots),
      failed_(std::move(failed)) {}

std::vector<wire::Entry> DiskLog::read(repl::Index from, size_t max_bytes) const {
  std::vector<wire::Entry> entries;
  const Status status = log_->read(from, max_bytes, entries);
  if (!status) failed_(status.error());  // the disk has gone bad since the start
  return entries;
}

repl::Ticket DiskLog::save_lineage(uint64_t lineage) {
  identity_.lineage = lineage;
  return log_->save([directory = options_.directory, identity = identity_] {
    return storage::save_identity(directory, identity);
  });
}

repl::Ticket DiskLog::restart_after_snapshot() {
  const storage::SnapshotHeader header = snapshots_.header();
  return log_->reset(header.index, header.epoch, header.record_crc);
}

}  // namespace tandem::replica

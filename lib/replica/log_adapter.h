// The log on disk as the protocol core reads it.
#pragma once

#include <vector>

#include "base/log.h"
#include "daemon/daemon.h"
#include "repl/types.h"
#include "replica/driver.h"
#include "storage/log.h"

namespace tandem::replica {

class Driver::LogAdapter final : public repl::LogView {
 public:
  explicit LogAdapter(const storage::Log& log) : log_(log) {}
  repl::Index first_index() const override { return log_.first_index(); }
  repl::Index last_index() const override { return log_.last_index(); }
  repl::Epoch epoch_at(repl::Index index) const override { return log_.epoch_at(index); }
  std::vector<wire::Entry> read(repl::Index from, size_t max_bytes) const override {
    std::vector<wire::Entry> entries;
    const Status status = log_.read(from, max_bytes, entries);
    if (!status) daemon::die(status.error());  // the disk has gone bad since the start
    return entries;
  }

 private:
  const storage::Log& log_;
};

}  // namespace tandem::replica

// A backup: the snapshot of a group (storage/snapshot.h), every row of which was seen to be one that
// can be restored.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "repl/state_machine.h"
#include "replica/spool.h"
#include "storage/snapshot.h"
#include "storage/snapshot_format.h"

namespace tandem::replica {

class BackupForm final : public SpoolForm {
 public:
  // `checker` nullptr: every row can be restored.
  BackupForm(storage::SnapshotHeader header, std::unique_ptr<repl::RowChecker> checker)
      : header_(std::move(header)), checker_(std::move(checker)) {}

  std::string_view noun() const override { return "backup"; }
  Status begin(std::string& out) override;
  Status row(std::string_view row, std::string& out) override;
  Status finish(std::string& out) override;

 private:
  const storage::SnapshotHeader header_;
  const std::unique_ptr<repl::RowChecker> checker_;
  storage::SnapshotLines lines_;
};

}  // namespace tandem::replica

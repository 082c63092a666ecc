// A backup of one group (storage/snapshot.h) as its bytes come, from a service or a file: every byte
// is checked, and every row with the code that would restore it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "repl/state_machine.h"
#include "sha256.h"
#include "storage/snapshot_stream.h"
#include "wire/json.h"

namespace tandem::client {

// Of which state machine it is: its rows tell.
enum class BackupKind { kDatabase, kOrders, kCatalog };

class BackupFile {
 public:
  // `name`: of the file, for messages.
  BackupFile(BackupKind kind, std::string name);
  ~BackupFile();
  BackupFile(const BackupFile&) = delete;
  BackupFile& operator=(const BackupFile&) = delete;

  // Takes bytes up to the end of the backup: how many. Errors are kCorrupt and kBadInput, and say
  // where.
  Result<size_t> add(std::string_view bytes);
  Status end() const;

  bool whole() const { return stream_->whole(); }
  uint64_t rows() const { return stream_->rows(); }
  // What it is, for scripts: group, lineage, index, epoch, taken, rows, bytes, sha256. REQUIRES:
  // whole(); once.
  wire::Json facts();

 private:
  Status check_row(std::string_view row);
  Error about(Error error) const;

  const BackupKind kind_;
  const std::string name_;
  std::unique_ptr<repl::RowChecker> checker_;
  std::unique_ptr<storage::SnapshotStream> stream_;
  std::string other_kind_;  // that a row is of
  Sha256 digest_;
};

// The same for people, on one line.
std::string facts_text(const std::string& name, const wire::Json& facts);

// Reads and checks all of a file, "-": of standard input. kUnavailable: it cannot be opened.
Result<wire::Json> verify_backup(BackupKind kind, const std::string& path);

}  // namespace tandem::client

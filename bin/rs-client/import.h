// An import: the rows of a file (export_file.h) into an empty database, in many writes at a time.
//
// The first write holds only where the database is empty. Each is carried out as a whole: where an
// import was interrupted, the next one of the same file compares what is there with the file, and
// where all of that is of the file, it goes on. So one that is done does nothing, and neither does
// one into a database that others fill.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/exit_status.h"
#include "base/result.h"
#include "export_file.h"
#include "import_batches.h"
#include "import_plan.h"
#include "session.h"

namespace tandem::client {

class Import {
 public:
  // All of them outlive it. `tables`: all that the database has, by name.
  Import(Session& session, const ExportFile& file, const ImportPlan& plan,
         std::vector<std::string> tables);

  struct Counts {
    std::vector<uint64_t> rows;  // of the tables, in their order
    uint64_t index = 0;          // as of which
    uint64_t total() const;
  };
  Result<Counts> count();
  // "users: 3 rows, rides: 1 row"
  std::string text_of(const Counts& counts) const;

  // Writes what is not there yet. `before`: what is there now.
  Status run(const Counts& before);
  // Whether what is there now is what the file has: kConflict where it is not.
  Status compare(const Counts& after) const;

  // Of the rows of the file: so many are written for certain, by this process or an earlier one.
  uint64_t rows_done() const { return rows_done_; }

 private:
  Status compare_before(const Counts& before);
  Status carry_out();
  Call read_of(const ImportBatch& batch) const;
  Call write_of(const ImportBatch& batch) const;
  void pump();
  void send(ImportBatch batch);
  Status take_answer(const ImportBatch& batch, const Reply& reply);
  void stop(Error error);
  Error with_lines(const ImportBatch& batch, const Error& error) const;
  void show_progress();

  Session& session_;
  const ExportFile& file_;
  const std::vector<std::string> tables_;
  const ImportPlan& plan_;
  std::string key_;        // of all writes together
  std::string condition_;  // that the database is empty; none where it goes on
  bool compares_ = false;  // it does not write yet
  std::optional<ImportBatches> batches_;
  std::optional<ImportBatch> next_;
  std::vector<bool> there_;         // by number of the batch: its rows are there
  std::vector<uint64_t> compared_;  // rows that are, by number of the file's table
  loop::Timer progress_;
  size_t in_flight_ = 0;
  bool at_end_ = false;
  bool waits_ = false;  // the next one, for all that are under way
  bool turns_ = false;  // the loop, for carry_out()
  std::optional<Error> failed_;
  uint64_t rows_done_ = 0;
  int64_t begun_ms_ = 0;
};

}  // namespace tandem::client

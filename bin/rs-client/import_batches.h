// The writes of an import, one after the other: transactions of so many rows that one is neither
// refused as too large nor holds others up. The same file gives the same ones, always: each is
// carried out as a whole, and an import that is repeated looks which of them are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "export_file.h"
#include "import_plan.h"

namespace tandem::client {

struct ImportBatch {
  uint64_t number = 0;
  std::string operations;  // with commas between them
  size_t table = 0;
  uint64_t rows = 0;  // that it inserts
  uint64_t first_line = 0;
  uint64_t last_line = 0;  // 0: it has none of the file
  bool alone = false;      // all before it have to be done

  // Where they are asked for, of the rows that it inserts:
  std::string keys = {};     // with commas between them
  std::string objects = {};  // likewise; empty where they are not yet as in the file
};

class ImportBatches {
 public:
  static constexpr uint64_t kMaxOperations = 500;
  static constexpr size_t kMaxBytes = size_t{256} << 10;
  // Of an operation's JSON, counted by its commas.
  static constexpr size_t kMaxValues = 25'000;

  enum class With { kOperations, kKeys };

  // Both outlive this.
  ImportBatches(const ExportFile& file, const ImportPlan& plan, With with)
      : file_(file), plan_(plan), with_(with) {}

  // nullopt: there are no more.
  Result<std::optional<ImportBatch>> next();

 private:
  enum class Phase { kRows, kLate, kDone };
  struct Operation {
    std::string text;
    uint64_t line = 0;
    std::string key = {};
    std::string object = {};
  };

  bool next_table();
  Result<bool> next_operation();
  Status make_operation(std::string_view line);
  size_t table() const { return plan_.order()[place_]; }

  const ExportFile& file_;
  const ImportPlan& plan_;
  const With with_;
  Phase phase_ = Phase::kRows;
  size_t place_ = 0;    // in the plan's order
  bool begins_ = true;  // a table
  std::optional<FileLines> lines_;
  uint64_t line_ = 0;
  Operation ahead_;  // was read, but did not fit
  bool has_ahead_ = false;
  uint64_t made_ = 0;
};

}  // namespace tandem::client

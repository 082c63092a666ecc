// The rows of a snapshot, from memory.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "repl/applier.h"

namespace tandem::support {

class KeptRows final : public repl::SnapshotRows {
 public:
  explicit KeptRows(std::vector<std::string> rows) : rows_(std::move(rows)) {}
  Status for_each(const Take& take) override {
    for (const std::string& row : rows_) {
      if (Status taken = take(row); !taken) return taken;
    }
    return {};
  }
  void stop() override {}

 private:
  const std::vector<std::string> rows_;
};

}  // namespace tandem::support

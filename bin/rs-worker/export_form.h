// An export of the tables (db/export_format.h), of the rows of a snapshot.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "db/export_format.h"
#include "repl/applier.h"
#include "replica/spool.h"

namespace tandem::worker {

class ExportForm final : public replica::SpoolForm {
 public:
  ExportForm(std::string group, const repl::Picture& picture)
      : writer_(std::move(group), picture.index, picture.time_ms) {}

  std::string_view noun() const override { return "export"; }
  Status row(std::string_view row, std::string& out) override;
  Status finish(std::string& out) override { return writer_.finish(out); }

 private:
  db::ExportWriter writer_;
};

}  // namespace tandem::worker

// A read that has no answer yet. Private to lib/tables.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "tables/read_plan.h"
#include "tables/reader.h"

namespace tandem::tables {

struct WaitingRead {
  std::string text;
  uint64_t min_index = 0;
  int64_t deadline_ns = 0;
  Reader::Done done;
  Reader::Room room;
  std::optional<ReadPlan> plan = {};  // by the schema that is known now

  // Once; whoever comes second finds nobody.
  void finish(Result<std::string> answer, uint64_t index) {
    if (!done) return;
    Reader::Done told = std::move(done);
    done = nullptr;
    told(std::move(answer), index);
  }
  bool is_over() const { return !done; }
};

using WaitingReadPtr = std::unique_ptr<WaitingRead>;

inline Error gone_back(const Reading& reading) {
  return {ErrorKind::kUnavailable,
          "PostgreSQL has gone back to entry " + std::to_string(reading.applied) +
              " of the log: the tables are behind what was read and written before"};
}

// Whether a snapshot is one that the read may be answered from; else why not.
inline Status check_snapshot(const WaitingRead& read, const Reading& reading) {
  if (reading.applied < read.min_index) return fail(gone_back(reading));
  const bool same_schema = reading.schema_index == read.plan->schema_index();
  if (!same_schema || reading.rows.size() == read.plan->schema().tables().size()) return {};
  return fail(ErrorKind::kUnavailable, "tandem.meta in PostgreSQL does not fit its schema");
}

// An error of PostgreSQL's, as whoever reads is told it: another replica may answer. What is wrong
// with the SQL is that a person has changed what it names.
inline Error told_of(const pg::Failure& failure) {
  if (failure.error.kind == ErrorKind::kTooLarge) return failure.error;
  return {ErrorKind::kUnavailable, failure.error.message};
}

}  // namespace tandem::tables

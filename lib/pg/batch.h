// Statements that go to the server together and are answered together: one round trip, one outcome.
//
//   Batch batch(Place::kWhole, "ISOLATION LEVEL REPEATABLE READ READ ONLY");
//   batch.add("SELECT applied FROM tandem.meta", {}, {Type::kInt64});
//   batch.add("SELECT name FROM users WHERE key = $1", key, {Type::kText});
//
// Text of SQL never holds values: they are parameters. Statements are prepared by their text, before
// the batch that uses them first; so one that needs what an earlier statement of its own batch makes
// (INSERT after CREATE TABLE) is added by add_once().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "pg/parameters.h"
#include "pg/rows.h"

namespace tandem::pg {

// How a batch stands to transactions. The connection itself sends BEGIN, COMMIT and ROLLBACK: they
// must not be among the statements. Where a batch fails, the transaction that it belongs to is
// rolled back at once, and what else is sent for it fails, too; batches behind it are not affected.
// So is a transaction that is still open where a batch comes that does not belong to it.
enum class Place : uint8_t {
  kAlone,   // no BEGIN: the batch is a transaction by itself, of the session's default mode
  kWhole,   // BEGIN, the statements, COMMIT: a transaction with a mode of its own
  kOpens,   // BEGIN, the statements; the transaction stays open
  kWithin,  // in the open transaction
  kCloses,  // in the open transaction, then COMMIT
};

class Batch {
 public:
  // `mode`: what follows BEGIN, for kWhole and kOpens.
  explicit Batch(Place place = Place::kAlone, std::string mode = {})
      : place_(place), mode_(std::move(mode)) {}

  // `columns`: what the answer has; empty: its rows are not wanted.
  Batch& add(std::string_view sql, Parameters parameters = {}, std::vector<Type> columns = {});
  // The same without preparing it: for what is seldom sent, and for DDL.
  Batch& add_once(std::string_view sql, Parameters parameters = {}, std::vector<Type> columns = {});

  Place place() const { return place_; }
  const std::string& mode() const { return mode_; }
  size_t size() const { return statements_.size(); }
  // About what it takes on its way and in memory.
  size_t bytes() const { return bytes_; }
  // Why it cannot be sent.
  const Status& status() const { return status_; }

 private:
  friend class Pipeline;
  struct Statement {
    std::string sql;
    Parameters parameters;
    std::vector<Type> columns;
    bool once = false;
  };

  Batch& add(Statement statement);

  Place place_;
  std::string mode_;
  std::vector<Statement> statements_;
  size_t bytes_ = 0;
  Status status_;
};

}  // namespace tandem::pg

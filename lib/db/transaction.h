// Carries out a Change on the tables: all of it or nothing.
//
// Conditions are checked first, against the state before. Operations follow in their order, each
// seeing what those before it did. Keys, unique indexes and references are checked at each insert,
// upsert and update; a delete takes the rows that refer to it with "cascade" along, and fails
// where, after that, a row is left that refers to a deleted one with "restrict".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "db/command.h"
#include "db/meter.h"
#include "db/schema.h"
#include "db/table.h"

namespace tandem::db {

// Why a change was refused. Numbers count from 0; -1: not about one.
struct Refusal {
  Error error;  // kConflict
  int64_t condition = -1;
  int64_t operation = -1;
};

class Transaction {
 public:
  // REQUIRES: `tables` has a table for each of the schema.
  Transaction(const Schema& schema, std::vector<Table>& tables, Meter& meter)
      : schema_(schema), tables_(tables), meter_(meter) {}

  // Once. On success appends a result for each operation to `results`, separated by commas:
  // {"affected":1,"key":7} of insert and upsert, {"affected":3} of update and delete (the rows that
  // their "where" meant, without those that a cascade took). On failure the tables are as before;
  // where the meter has ended the refusal says nothing.
  tl::expected<void, Refusal> run(Change change, std::string& results);
  // The tables are as before run().
  void undo() { roll_back(); }

 private:
  struct Undo {
    size_t table;
    RowPtr before;  // nullptr: there was none
    RowPtr after;   // nullptr: there is none
    int64_t counter;
  };
  struct RestrictCheck {
    Referrer referrer;
    size_t table;
    RowPtr deleted;
  };

  Status check(const Condition& condition) const;
  Status run(Operation& operation, std::string& results);
  Status put_row(Operation& operation, std::string& results);
  Status assign_key(const TableSchema& table, Row& row);
  Status update_rows(const Operation& operation, std::string& results);
  Status delete_rows(const Operation& operation, std::string& results);
  Status check_references(const TableSchema& table, const Row& row) const;
  Status check_unique(const TableSchema& table, const Row& row) const;
  bool has_referring(const Referrer& referrer, const Value& key) const;
  Status check_restricted(const RestrictCheck& check) const;
  size_t count_up_to(const Table& table, const Where& where, size_t enough) const;
  std::vector<const Row*> matching(const Operation& operation) const;
  void put(size_t table, RowPtr row);
  RowPtr erase(size_t table, const Value& key);
  void roll_back();

  const Schema& schema_;
  std::vector<Table>& tables_;
  Meter& meter_;
  std::vector<Undo> undo_;
};

}  // namespace tandem::db

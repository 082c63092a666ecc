// Queries, as JSON text, and their answers:
//
//   {"table":"rides","columns":["rideId"],"where":{"source":22},
//    "order":["timestamp","-rideId"],"limit":50,"offset":0}     [{"rideId":1},…]
//   {"table":"rides","count":true,"where":{…}}                  [n]
//   {"reads":[query,query,…]}                                   [answer,answer,…] of one state
//
// Without "columns" a row has all of them. Rows come in the order of "order" ("-": falling), those
// that are equal in it in the order of the key, which is also the order where none is asked for.
// A row that is not asked for costs nothing where a key or an index leads past it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "db/limits.h"
#include "db/meter.h"
#include "db/schema.h"
#include "db/table.h"
#include "db/where.h"
#include "wire/json.h"

namespace tandem::db {

struct OrderColumn {
  size_t column = 0;
  bool falling = false;
};

struct Query {
  size_t table = 0;
  bool count = false;
  std::vector<size_t> columns;
  Where where;
  std::vector<OrderColumn> order;
  size_t limit = SIZE_MAX;  // SIZE_MAX: none was asked for
  size_t offset = 0;
};

// Fails with kBadInput for an unknown table or column or a wrong type, naming it.
Result<Query> parse_query(const wire::Json& json, const Schema& schema, const Limits& limits);

// What the text of one query or of several ("reads") asks for.
struct Read {
  bool several = false;
  std::vector<Query> queries;
  // Of the query after them: those before it are answered first, for theirs comes first.
  std::optional<Error> bad_query = {};
};

// Fails where nothing of it can be answered.
Result<Read> parse_read(std::string_view text, const Schema& schema, const Limits& limits);
// An error of the query with this number, as it is told.
Error error_of(const Read& read, size_t number, Error error);

// Appends the answer to `out`. Fails with kTooLarge where more than limits.rows rows or
// limits.answer_bytes would be answered, a part of which would look like all, and where the meter
// is over; with kTimeout where it was stopped.
Status answer_query(const Query& query, const Schema& schema, const std::vector<Table>& tables,
                    const Limits& limits, Meter& meter, std::string& out);

// The answer to the text of one query or of several ("reads").
Result<std::string> answer_read(std::string_view text, const Schema& schema,
                                const std::vector<Table>& tables, const Limits& limits,
                                Meter& meter);

// The rows of an answer, put into it one after the other, wherever they come from. All outlive it.
class RowsAnswer {
 public:
  RowsAnswer(const Query& query, const TableSchema& table, const Limits& limits, Meter& meter,
             std::string& out);
  // `append_cell(i)` appends the value of the i-th column asked for. Fails with kTooLarge where the answer becomes
  // too long or too dear.
  template <typename AppendCell>
  Status add(AppendCell&& append_cell) {
    if (!first_) out_ += ',';
    first_ = false;
    const size_t before = out_.size();
    out_ += '{';
    for (size_t i = 0; i < query_.columns.size(); ++i) {
      if (i > 0) out_ += ',';
      out_ += table_.columns[query_.columns[i]].json_name;
      append_cell(i);
    }
    out_ += '}';
    return look(before);
  }
  void end() { out_ += ']'; }

 private:
  Status look(size_t before) const;

  const Query& query_;
  const TableSchema& table_;
  const Limits& limits_;
  Meter& meter_;
  std::string& out_;
  bool first_ = true;
};

// How many rows from the first matching one on are needed to answer, and whether that is so many
// that one more would be over the limit. SIZE_MAX: all.
size_t rows_wanted(const Query& query, const Limits& limits);
// What is answered where there are more than limits.rows; where the meter has ended; where an answer
// costs more than is allowed.
Error too_many_rows(const TableSchema& table, const Limits& limits);
Error given_up(const TableSchema& table, const Meter& meter);
Error too_dear(const TableSchema& table, uint64_t allowed);

// What finding the rows of an answer costs at least, whatever they are; at most, as far as that can
// be told of a table whose rows are elsewhere (Plan::cost).
struct FindingCost {
  uint64_t least = 0;
  uint64_t expected = 0;
};
FindingCost finding_cost(const Query& query, const Table& table, const Limits& limits);

// A row as a JSON object of the given columns.
void append_row(std::string& out, const TableSchema& table, const std::vector<size_t>& columns,
                const Row& row);

// What a name that is no table is answered with; the member "table" of an object.
Result<const TableSchema*> table_of(const wire::Json& json, const Schema& schema);

}  // namespace tandem::db

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

#include <string>
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

// Appends the answer to `out`. Fails with kTooLarge where more than limits.rows rows or
// limits.answer_bytes would be answered, a part of which would look like all, and where the meter
// is over; with kTimeout where it was stopped.
Status answer_query(const Query& query, const Schema& schema, const std::vector<Table>& tables,
                    const Limits& limits, Meter& meter, std::string& out);

// The answer to the text of one query or of several ("reads").
Result<std::string> answer_read(std::string_view text, const Schema& schema,
                                const std::vector<Table>& tables, const Limits& limits,
                                Meter& meter);

// A row as a JSON object of the given columns.
void append_row(std::string& out, const TableSchema& table, const std::vector<size_t>& columns,
                const Row& row);

// What a name that is no table is answered with; the member "table" of an object.
Result<const TableSchema*> table_of(const wire::Json& json, const Schema& schema);

}  // namespace tandem::db

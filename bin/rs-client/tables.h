// The tables of the database as rs-orch declares them (rs-orch(8), GET /api/v1/db/schema), for
// people who would not write JSON. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/json.h"

namespace tandem::client {

// ["users","rides"]
wire::Json table_names(const wire::Json& schema);

// A row for each column: table, column, type, key, references. Of one table where it is named:
// kNotFound where there is none of that name.
Result<wire::Json> column_rows(const wire::Json& schema, const std::string& table);

// The query for the rows of a table in which these columns have these values, each "COL=VALUE": a
// value is written as the column's type is. kUsage: no such table or column, no '=', a value that
// is none of its type, a column twice.
Result<wire::Json> query_of(const wire::Json& schema, const std::string& table,
                            const std::vector<std::string>& conditions);

}  // namespace tandem::client

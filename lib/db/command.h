// Commands: what changes the database. JSON text, one entry of the log each:
//
//   {"schema":{…}}                      sets the schema (schema.h); additions only
//   {"clear":true}                      empties all tables; counters and schema stay
//   operation                           a transaction of one operation
//   {"if":[condition…],"ops":[operation…]}
//
//   operation = {"table":T,"op":"insert","row":{…}}
//             | {"table":T,"op":"upsert","row":{…}}    a row with this key is replaced as a whole
//             | {"table":T,"op":"update","where":…,"set":{…}}    the key cannot be set
//             | {"table":T,"op":"delete","where":…}
//   condition = {"table":T,"where":…,"exists":true|false} | {"table":T,"where":…,"count":n}
//
// "where" is that of where.h; update and delete must have one ({}: every row), so that leaving it
// out by mistake does not hit every row. A column that a row does not name takes its default, the
// key of a table with auto_increment the next number.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "db/limits.h"
#include "db/schema.h"
#include "db/where.h"
#include "wire/json.h"

namespace tandem::db {

struct Condition {
  size_t table = 0;
  Where where;
  bool exists = true;
  std::optional<int64_t> count;  // where this is set, `exists` means nothing
};

enum class OperationKind { kInsert, kUpsert, kUpdate, kDelete };

struct Operation {
  OperationKind kind = OperationKind::kInsert;
  size_t table = 0;
  Row row;                                    // insert, upsert: a null key is to be counted up
  Where where;                                // update, delete
  std::vector<std::pair<size_t, Value>> set;  // update
};

struct SetSchema {
  Schema schema;
};
struct Clear {};
struct Change {
  std::vector<Condition> conditions;
  std::vector<Operation> operations;
};
using Command = std::variant<SetSchema, Clear, Change>;

// Fails with kBadInput where the command could not be carried out in any state with this schema
// (unknown table, column, operator, wrong type, a missing column), naming condition or operation,
// table and column; with kTooLarge where it has too many of them. The numbers in a Command are
// those of `schema`.
Result<Command> parse_command(const wire::Json& json, const Schema& schema,
                              const Limits& limits = {});

// The same of text from outside; gives the text to log. That of a controller may be longer than a
// request, and any command; that of a client has operations alone, neither a schema nor clearing.
Result<std::string> check_command(std::string_view text, const Schema& schema,
                                  const Limits& limits);
Result<std::string> check_change(std::string_view text, const Schema& schema, const Limits& limits);

// {"table":T,"row":{…}} as an insert: the rows of a snapshot.
Result<Operation> parse_table_row(const wire::Json& json, const Schema& schema,
                                  const Limits& limits);

// The command as text with its members in one order, without what means nothing: two texts of one
// command become the same. For the log.
std::string canonical(const Command& command, const Schema& schema);

}  // namespace tandem::db

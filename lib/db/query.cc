#include "db/query.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "db/plan.h"

namespace tandem::db {
namespace {

using wire::Json;

Result<size_t> column_named(const Json& json, const TableSchema& table, std::string_view member,
                            bool* falling) {
  const std::string* text = json.as_string();
  if (text == nullptr) {
    return fail(ErrorKind::kBadInput, named(table) + ": '" + std::string(member) +
                                          "' must be an array of strings, but holds " +
                                          std::string(json.type_name()));
  }
  std::string_view name = *text;
  if (falling != nullptr) {
    *falling = name.starts_with('-');
    if (*falling) name.remove_prefix(1);
  }
  const size_t column = table.find_column(name);
  if (column == TableSchema::kNoColumn) {
    return fail(ErrorKind::kBadInput,
                named(table) + " has no column '" + shortened(name, 64) + "'");
  }
  return column;
}

Result<const Json::Array*> array_of(const Json& json, std::string_view member,
                                    const TableSchema& table) {
  const Json* value = json.find(member);
  if (value == nullptr) return nullptr;
  if (value->as_array() != nullptr) return value->as_array();
  return fail(ErrorKind::kBadInput, named(table) + ": '" + std::string(member) +
                                        "' must be an array of strings, not " +
                                        std::string(value->type_name()));
}

Status parse_columns(const Json& json, const TableSchema& table, Query& query) {
  const auto names = array_of(json, "columns", table);
  if (!names) return fail(names.error());
  if (*names == nullptr) {
    query.columns.resize(table.columns.size());
    std::iota(query.columns.begin(), query.columns.end(), size_t{0});
    return {};
  }
  if ((*names)->empty()) {
    return fail(ErrorKind::kBadInput, named(table) + ": 'columns' names no column");
  }
  std::vector<bool> seen(table.columns.size());
  for (const Json& name : **names) {
    const auto column = column_named(name, table, "columns", nullptr);
    if (!column) return fail(column.error());
    if (seen[*column]) {
      return fail(ErrorKind::kBadInput, named(table, *column) + " is named twice in 'columns'");
    }
    seen[*column] = true;
    query.columns.push_back(*column);
  }
  return {};
}

Status parse_order(const Json& json, const TableSchema& table, Query& query) {
  const auto names = array_of(json, "order", table);
  if (!names) return fail(names.error());
  if (*names == nullptr) return {};
  std::vector<bool> seen(table.columns.size());
  for (const Json& name : **names) {
    OrderColumn order;
    const auto column = column_named(name, table, "order", &order.falling);
    if (!column) return fail(column.error());
    if (seen[*column]) {
      return fail(ErrorKind::kBadInput, named(table, *column) + " is named twice in 'order'");
    }
    seen[*column] = true;
    order.column = *column;
    query.order.push_back(order);
    // Keys differ, so that what follows the key orders nothing.
    if (order.column == table.key) break;
  }
  return {};
}

Status parse_size(const Json& json, std::string_view member, const TableSchema& table,
                  size_t& size) {
  const Json* value = json.find(member);
  if (value == nullptr) return {};
  if (value->as_int() == nullptr || *value->as_int() < 0) {
    return fail(ErrorKind::kBadInput,
                named(table) + ": '" + std::string(member) + "' must be an integer from 0 on" +
                    (value->as_int() == nullptr ? ", not " + std::string(value->type_name())
                                                : std::string()));
  }
  size = static_cast<size_t>(*value->as_int());
  return {};
}

Error too_many_bytes(const TableSchema& table, const Limits& limits) {
  return {ErrorKind::kTooLarge, named(table) + ": the answer has more than " +
                                    std::to_string(limits.answer_bytes) +
                                    " bytes: ask for a part of it with 'limit' and 'offset', "
                                    "or for fewer columns"};
}

class RowOrder {
 public:
  RowOrder(const std::vector<OrderColumn>& order, size_t key) : order_(order), key_(key) {}
  bool operator()(const Row* a, const Row* b) const {
    for (const OrderColumn& by : order_) {
      const int order = compare((*a)[by.column], (*b)[by.column]);
      if (order != 0) return by.falling ? order > 0 : order < 0;
    }
    return compare((*a)[key_], (*b)[key_]) < 0;
  }

 private:
  const std::vector<OrderColumn>& order_;
  size_t key_;
};

// Of a row that is put into its place: about that of finding it, and more for long texts.
uint64_t cost_of_order(const Query& query, const Table& table, size_t rows) {
  constexpr uint64_t kTextBytes = 16u << 10;
  uint64_t bytes = 0;
  for (const OrderColumn& by : query.order) bytes += table.longest_text(by.column);
  return 1 + bytes * static_cast<uint64_t>(std::bit_width(rows)) / kTextBytes;
}

// In which order a plan comes by the rows: in that of the query, or in none that helps.
struct Order {
  Order(const Query& query, const Table& table, const Plan& plan) {
    std::vector<size_t> rising;
    for (const OrderColumn& by : query.order) {
      if (!by.falling) rising.push_back(by.column);
    }
    backwards = plan.scans() && query.order.size() == 1 && query.order[0].falling &&
                query.order[0].column == table.key();
    in_order = backwards || (rising.size() == query.order.size() && plan.gives_order(rising));
  }

  bool backwards = false;
  bool in_order = false;
};

// The matching rows in order, without those that the offset passes over.
std::vector<const Row*> find_rows(const Query& query, const Table& table, const Limits& limits,
                                  Meter& meter) {
  std::vector<const Row*> found;
  const size_t wanted = rows_wanted(query, limits);
  if (wanted == query.offset) return found;
  const Plan plan(table, query.where);
  const auto [backwards, in_order] = Order(query, table, plan);

  size_t passed = 0;
  const auto take = [&, is_ordered = in_order](const Row& row) {
    if (is_ordered && passed < query.offset) {
      ++passed;
      return true;
    }
    found.push_back(&row);
    return !is_ordered || found.size() + query.offset < wanted;
  };
  if (backwards) {
    const uint64_t weight = query.where.weight();
    table.rows().visit_backwards([&](const Row& row) {
      return meter.spend(weight) && (!query.where.holds(row) || take(row));
    });
  } else {
    plan.visit(meter, take);
  }
  if (in_order) return found;
  if (!meter.spend(found.size() * cost_of_order(query, table, found.size()))) return {};

  const RowOrder before(query.order, table.key());
  const auto kept = found.begin() + static_cast<std::ptrdiff_t>(std::min(wanted, found.size()));
  std::partial_sort(found.begin(), kept, found.end(), before);
  found.erase(kept, found.end());
  found.erase(found.begin(),
              found.begin() + static_cast<std::ptrdiff_t>(std::min(query.offset, found.size())));
  return found;
}

size_t count_rows(const Query& query, const Table& table, Meter& meter) {
  if (query.where.terms.empty()) return table.rows().size();
  size_t count = 0;
  Plan(table, query.where).visit(meter, [&](const Row&) {
    ++count;
    return true;
  });
  return count;
}

Result<Read> parse_reads(const Json& reads, const Schema& schema, const Limits& limits) {
  const Json::Array* list = reads.as_array();
  if (list == nullptr) {
    return fail(ErrorKind::kBadInput,
                "'reads' must be an array, not " + std::string(reads.type_name()));
  }
  if (list->size() > limits.reads) {
    return fail(ErrorKind::kTooLarge,
                "'reads' holds more than " + std::to_string(limits.reads) + " queries");
  }
  Read read{.several = true, .queries = {}};
  for (const Json& item : *list) {
    auto query = parse_query(item, schema, limits);
    if (!query) {
      read.bad_query = std::move(query.error());
      break;
    }
    read.queries.push_back(std::move(*query));
  }
  return read;
}

Result<std::string> answer_reads(const Json& reads, const Schema& schema,
                                 const std::vector<Table>& tables, const Limits& limits,
                                 Meter& meter) {
  const auto read = parse_reads(reads, schema, limits);
  if (!read) return fail(read.error());
  std::string out = "[";
  for (size_t i = 0; i < read->queries.size(); ++i) {
    if (i > 0) out += ',';
    const Status status = answer_query(read->queries[i], schema, tables, limits, meter, out);
    if (!status) return fail(error_of(*read, i, status.error()));
  }
  if (read->bad_query) return fail(error_of(*read, read->queries.size(), *read->bad_query));
  return out += ']';
}

}  // namespace

Result<const TableSchema*> table_of(const Json& json, const Schema& schema) {
  const Json* name = json.find("table");
  if (name == nullptr) return fail(ErrorKind::kBadInput, "'table' is missing");
  if (name->as_string() == nullptr) {
    return fail(ErrorKind::kBadInput,
                "'table' must be a string, not " + std::string(name->type_name()));
  }
  const TableSchema* table = schema.find(*name->as_string());
  if (table == nullptr) {
    return fail(ErrorKind::kBadInput, "unknown table '" + shortened(*name->as_string(), 64) + "'");
  }
  return table;
}

Result<Query> parse_query(const Json& json, const Schema& schema, const Limits& limits) {
  if (json.as_object() == nullptr) {
    return fail(ErrorKind::kBadInput,
                "a query must be an object, not " + std::string(json.type_name()));
  }
  const auto found = table_of(json, schema);
  if (!found) return fail(found.error());
  const TableSchema& table = **found;
  Query query;
  query.table = schema.number_of(table);
  if (const Json* count = json.find("count")) {
    if (count->as_bool() == nullptr) {
      return fail(ErrorKind::kBadInput, named(table) + ": 'count' must be a boolean, not " +
                                            std::string(count->type_name()));
    }
    query.count = *count->as_bool();
  }
  auto where = parse_where(json.find("where"), table, limits);
  if (!where) return fail(std::move(where.error()));
  query.where = std::move(*where);
  Status status = parse_columns(json, table, query);
  if (status) status = parse_order(json, table, query);
  if (status) status = parse_size(json, "limit", table, query.limit);
  if (status) status = parse_size(json, "offset", table, query.offset);
  if (!status) return fail(std::move(status.error()));
  return query;
}

Result<Read> parse_read(std::string_view text, const Schema& schema, const Limits& limits) {
  const auto json = wire::parse_request_json(text);
  if (!json) return fail(json.error());
  if (const Json* reads = json->find("reads")) return parse_reads(*reads, schema, limits);
  Read read;
  auto query = parse_query(*json, schema, limits);
  if (!query) return fail(std::move(query.error()));
  read.queries.push_back(std::move(*query));
  return read;
}

Error error_of(const Read& read, size_t number, Error error) {
  if (!read.several) return error;
  return {error.kind, "read " + std::to_string(number) + ": " + error.message};
}

Error too_many_rows(const TableSchema& table, const Limits& limits) {
  return {ErrorKind::kTooLarge, named(table) + ": the answer has more than " +
                                    std::to_string(limits.rows) +
                                    " rows: ask for a part of them with 'limit' and 'offset'"};
}

// REQUIRES: meter.ended().
Error given_up(const TableSchema& table, const Meter& meter) {
  if (!meter.over()) return {ErrorKind::kTimeout, "the read was given up"};
  return too_dear(table, meter.allowed());
}

Error too_dear(const TableSchema& table, uint64_t allowed) {
  return {ErrorKind::kTooLarge,
          named(table) + ": to answer this costs more than looking at " + std::to_string(allowed) +
              " rows: ask by the key or the columns of an index, or for less"};
}

size_t rows_wanted(const Query& query, const Limits& limits) {
  const size_t most = std::min(query.limit, limits.rows + 1);
  return most > SIZE_MAX - query.offset ? SIZE_MAX : query.offset + most;
}

FindingCost finding_cost(const Query& query, const Table& table, const Limits& limits) {
  const size_t wanted = query.count ? SIZE_MAX : rows_wanted(query, limits);
  const bool all = query.where.terms.empty();
  if ((query.count && all) || wanted == query.offset) return {};
  const Plan plan(table, query.where);
  const bool in_order = query.count || Order(query, table, plan).in_order;
  const uint64_t most = plan.cost();
  const bool ends_early = in_order && plan.finds_nothing_else() && wanted < most;
  FindingCost cost{.least = 0, .expected = ends_early ? wanted * query.where.weight() : most};
  // What comes in another order is looked at as a whole, and what is counted.
  if (all || (plan.scans() && (query.count || !in_order))) cost.least = cost.expected;
  if (in_order) return cost;
  const uint64_t rows = plan.finds_nothing_else() ? most / query.where.weight() : 0;
  const uint64_t order = rows * cost_of_order(query, table, rows);
  cost.expected += order;
  if (all) cost.least += order;
  return cost;
}

RowsAnswer::RowsAnswer(const Query& query, const TableSchema& table, const Limits& limits,
                       Meter& meter, std::string& out)
    : query_(query), table_(table), limits_(limits), meter_(meter), out_(out) {
  out_ += '[';
}

Status RowsAnswer::look(size_t before) const {
  // Of an answer, in bytes: as much as a look at a row.
  constexpr size_t kAnswerBytes = 128;
  if (out_.size() > limits_.answer_bytes) return fail(too_many_bytes(table_, limits_));
  if (meter_.spend(1 + (out_.size() - before) / kAnswerBytes)) return {};
  return fail(given_up(table_, meter_));
}

Status answer_query(const Query& query, const Schema& schema, const std::vector<Table>& tables,
                    const Limits& limits, Meter& meter, std::string& out) {
  const Table& table = tables[query.table];
  const TableSchema& table_schema = schema.tables()[query.table];
  if (query.count) {
    out += '[' + std::to_string(count_rows(query, table, meter)) + ']';
    return meter.ended() ? fail(given_up(table_schema, meter)) : Status();
  }
  const std::vector<const Row*> rows = find_rows(query, table, limits, meter);
  if (meter.ended()) return fail(given_up(table_schema, meter));
  if (rows.size() > limits.rows) return fail(too_many_rows(table_schema, limits));
  RowsAnswer answer(query, table_schema, limits, meter, out);
  for (const Row* row : rows) {
    Status status = answer.add([&](size_t i) { append_json(out, (*row)[query.columns[i]]); });
    if (!status) return status;
  }
  answer.end();
  return {};
}

Result<std::string> answer_read(std::string_view text, const Schema& schema,
                                const std::vector<Table>& tables, const Limits& limits,
                                Meter& meter) {
  const auto json = wire::parse_request_json(text);
  if (!json) return fail(json.error());
  if (const Json* reads = json->find("reads"))
    return answer_reads(*reads, schema, tables, limits, meter);
  const auto query = parse_query(*json, schema, limits);
  if (!query) return fail(query.error());
  std::string out;
  Status status = answer_query(*query, schema, tables, limits, meter, out);
  if (!status) return fail(std::move(status.error()));
  return out;
}

void append_row(std::string& out, const TableSchema& table, const std::vector<size_t>& columns,
                const Row& row) {
  char before = '{';
  for (const size_t column : columns) {
    out += before;
    before = ',';
    out += table.columns[column].json_name;
    append_json(out, row[column]);
  }
  out += '}';
}

}  // namespace tandem::db

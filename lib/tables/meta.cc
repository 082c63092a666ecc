#include "tables/meta.h"

#include <optional>
#include <utility>

#include "base/ids.h"
#include "tables/planted.h"
#include "wire/json.h"

namespace tandem::tables {
namespace {

using pg::Type;

constexpr const char* kColumns =
    "format, group_name, replica, storage, writer, applied, epoch, time_ms, schema_index, "
    "schema, row_counts, counters, longest_texts, text_bytes, key_log_time_ms, key_clock_ms, "
    "keys_by_index, "
    "keys_forgotten, keys_remembered, keys_bytes, next_key";

std::vector<Type> column_types() {
  return {Type::kInt64,      Type::kText,       Type::kInt64,      Type::kText,       Type::kInt64,
          Type::kInt64,      Type::kInt64,      Type::kInt64,      Type::kInt64,      Type::kText,
          Type::kInt64Array, Type::kInt64Array, Type::kInt64Array, Type::kInt64Array, Type::kInt64,
          Type::kInt64,      Type::kBool,       Type::kInt64,      Type::kInt64,      Type::kInt64,
          Type::kInt64};
}

std::vector<int64_t> numbers(const pg::Rows& rows, size_t column) {
  std::vector<int64_t> out;
  for (const std::optional<int64_t>& number : rows.int64_array(0, column)) {
    out.push_back(number.value_or(0));
  }
  return out;
}

tl::unexpected<Error> corrupt(const std::string& what) {
  return fail(ErrorKind::kCorrupt, "tandem.meta: " + what);
}

Result<db::Schema> schema_of(std::string_view text) {
  const auto json = wire::parse_json(text);
  if (!json) return corrupt("schema: " + json.error().message);
  auto schema = db::parse_schema(*json, db::Limits::none());
  if (!schema) return corrupt("schema: " + schema.error().message);
  return schema;
}

Result<std::vector<db::TableFacts>> facts_of(const pg::Rows& rows, size_t column,
                                             const db::Schema& schema) {
  const std::vector<int64_t> counts = numbers(rows, column);
  const std::vector<int64_t> counters = numbers(rows, column + 1);
  const std::vector<int64_t> longest = numbers(rows, column + 2);
  std::vector<int64_t> bytes = numbers(rows, column + 3);
  size_t columns = 0;
  for (const db::TableSchema& table : schema.tables()) columns += table.columns.size();
  if (counts.size() != schema.tables().size() || counters.size() != counts.size() ||
      longest.size() != columns) {
    return corrupt("it does not fit its schema");
  }
  bytes.resize(columns);  // of an earlier version's, nothing was counted
  std::vector<db::TableFacts> facts;
  size_t next = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    db::TableFacts& table = facts.emplace_back();
    table.rows = static_cast<uint64_t>(counts[i]);
    table.counter = counters[i];
    for (size_t c = 0; c < schema.tables()[i].columns.size(); ++c, ++next) {
      table.longest_texts.push_back(static_cast<uint64_t>(longest[next]));
      table.text_bytes.push_back(static_cast<uint64_t>(bytes[next]));
    }
  }
  return facts;
}

}  // namespace

void add_create(pg::Batch& batch, const OwnerOfTables& owner, const std::string& place) {
  batch.add_once("CREATE SCHEMA IF NOT EXISTS " + place);
  batch.add_once("CREATE TABLE " + place +
                 ".meta (the_one boolean PRIMARY KEY DEFAULT true CHECK (the_one), "
                 "format bigint NOT NULL, group_name text NOT NULL, replica bigint NOT NULL, "
                 "storage text NOT NULL, writer bigint NOT NULL, applied bigint NOT NULL, "
                 "epoch bigint NOT NULL, time_ms bigint NOT NULL, schema_index bigint NOT NULL, "
                 "schema text NOT NULL, row_counts bigint[] NOT NULL, counters bigint[] NOT NULL, "
                 "longest_texts bigint[] NOT NULL, text_bytes bigint[] NOT NULL, "
                 "counted bigint NOT NULL, key_log_time_ms bigint NOT NULL, "
                 "key_clock_ms bigint NOT NULL, keys_by_index boolean NOT NULL, "
                 "keys_forgotten bigint NOT NULL, keys_remembered bigint NOT NULL, "
                 "keys_bytes bigint NOT NULL, next_key bigint NOT NULL) WITH (fillfactor = 10)");
  batch.add_once("CREATE TABLE " + place +
                 ".keys (key text COLLATE \"C\" PRIMARY KEY, seq bigint NOT NULL, "
                 "hash bigint NOT NULL, time_ms bigint NOT NULL, made bigint NOT NULL, "
                 "status bigint NOT NULL, size bigint NOT NULL, body text NOT NULL)");
  batch.add_once("CREATE INDEX keys_made ON " + place + ".keys (time_ms, made) WHERE made > 0");
  batch.add_once("CREATE INDEX keys_of_clients ON " + place + ".keys (time_ms) WHERE made = 0");
  pg::Parameters row;
  row.int64(Meta::kFormat)
      .text(owner.group)
      .int64(owner.member.id)
      .text(hex_id(owner.member.storage_id));
  batch.add_once(
      "INSERT INTO " + place +
          ".meta (format, group_name, replica, storage, writer, applied, epoch, "
          "time_ms, schema_index, schema, row_counts, counters, longest_texts, text_bytes, "
          "counted, key_log_time_ms, key_clock_ms, keys_by_index, keys_forgotten, keys_remembered, "
          "keys_bytes, next_key) "
          "VALUES ($1, $2, $3, $4, 0, 0, 0, 0, 0, '{}', '{}', '{}', '{}', '{}', 0, 0, 0, false, 0, "
          "0, 0, 1)",
      std::move(row));
}

void add_exists(pg::Batch& batch) {
  batch.add_once(
      "SELECT to_regclass('tandem.meta') IS NOT NULL, EXISTS (SELECT FROM pg_attribute WHERE "
      "attrelid = to_regclass('tandem.meta') AND attname = 'counted' AND NOT attisdropped)",
      {}, {Type::kBool, Type::kBool});
}

Existing existing_of(const pg::Rows& rows) {
  if (rows.size() != 1 || !rows.boolean(0, 0)) return Existing::kNothing;
  return rows.boolean(0, 1) ? Existing::kThisVersion : Existing::kEarlierVersion;
}

void add_upgrade(pg::Batch& batch) {
  batch.add_once(
      "ALTER TABLE tandem.meta ADD COLUMN text_bytes bigint[] NOT NULL DEFAULT '{}', "
      "ADD COLUMN counted bigint NOT NULL DEFAULT -1");
}

// An earlier version that has written here since has not counted what it wrote.
void add_take_over(pg::Batch& batch, const OwnerOfTables& owner) {
  pg::Parameters whose;
  whose.text(owner.group).int64(owner.member.id);
  batch.add_once(std::string("UPDATE tandem.meta SET writer = writer + 1, "
                             "applied = CASE WHEN counted = applied THEN applied ELSE 0 END, "
                             "epoch = CASE WHEN counted = applied THEN epoch ELSE 0 END "
                             "WHERE group_name = $1 AND replica = $2 RETURNING ") +
                     kColumns,
                 std::move(whose), column_types());
}

void add_read(pg::Batch& batch, const std::string& place) {
  batch.add_once(std::string("SELECT ") + kColumns + " FROM " + place + ".meta", {},
                 column_types());
}

Result<Meta> meta_of(const pg::Rows& rows) {
  if (rows.size() != 1) return corrupt("it has " + std::to_string(rows.size()) + " rows, not one");
  Meta meta;
  size_t column = 0;
  const auto number = [&] { return rows.int64(0, column++); };
  const auto index = [&] { return static_cast<uint64_t>(number()); };
  meta.format = number();
  if (meta.format != Meta::kFormat) {
    return fail(ErrorKind::kConfig, "the tables have format " + std::to_string(meta.format) +
                                        ", this version knows " + std::to_string(Meta::kFormat));
  }
  meta.owner.group = rows.text(0, column++);
  meta.owner.member.id = static_cast<repl::ReplicaId>(number());
  const auto storage = parse_hex_id(rows.text(0, column++));
  if (!storage) return corrupt("storage: " + storage.error().message);
  meta.owner.member.storage_id = *storage;
  meta.writer = number();
  meta.applied.index = index();
  meta.applied.epoch = index();
  meta.time_ms = number();
  meta.schema_index = index();
  auto schema = schema_of(rows.text(0, column++));
  if (!schema) return fail(std::move(schema.error()));
  meta.schema = std::make_shared<const db::Schema>(std::move(*schema));
  auto facts = facts_of(rows, column, *meta.schema);
  if (!facts) return fail(std::move(facts.error()));
  meta.facts = std::move(*facts);
  column += 4;
  meta.clock.log_time_ms = number();
  meta.clock.client_ms = number();
  meta.clock.by_index = rows.boolean(0, column++);
  meta.clock.forgotten_index = index();
  meta.keys = index();
  meta.keys_bytes = index();
  meta.next_key = number();
  return meta;
}

void add_fence(pg::Batch& batch, const Meta& meta) {
  pg::Parameters parameters;
  parameters.int64(meta.writer)
      .int64(static_cast<int64_t>(meta.applied.index))
      .int64(static_cast<int64_t>(meta.applied.epoch));
  const std::string unless = planted(Bug::kNoFence) ? " OR true" : "";
  batch.add(
      "SELECT 1 / count(*) FROM (SELECT FROM tandem.meta WHERE writer = $1 "
      "AND applied = $2 AND epoch = $3" +
          unless + " FOR UPDATE) AS mine",
      std::move(parameters));
}

void add_update(pg::Batch& batch, const Meta& meta, bool with_schema, const std::string& place) {
  std::vector<int64_t> counts;
  std::vector<int64_t> counters;
  std::vector<int64_t> longest;
  std::vector<int64_t> text_bytes;
  for (const db::TableFacts& table : meta.facts) {
    counts.push_back(static_cast<int64_t>(table.rows));
    counters.push_back(table.counter);
    for (const uint64_t bytes : table.longest_texts) longest.push_back(static_cast<int64_t>(bytes));
    for (const uint64_t bytes : table.text_bytes) text_bytes.push_back(static_cast<int64_t>(bytes));
  }
  pg::Parameters parameters;
  parameters.int64(static_cast<int64_t>(meta.applied.index))
      .int64(static_cast<int64_t>(meta.applied.epoch))
      .int64(meta.time_ms)
      .int64_array(counts)
      .int64_array(counters)
      .int64_array(longest)
      .int64_array(text_bytes)
      .int64(meta.clock.log_time_ms)
      .int64(meta.clock.client_ms)
      .boolean(meta.clock.by_index)
      .int64(static_cast<int64_t>(meta.clock.forgotten_index))
      .int64(static_cast<int64_t>(meta.keys))
      .int64(static_cast<int64_t>(meta.keys_bytes))
      .int64(meta.next_key);
  std::string sql =
      "UPDATE " + place +
      ".meta SET applied = $1, counted = $1, epoch = $2, time_ms = $3, row_counts = $4, "
      "counters = $5, longest_texts = $6, text_bytes = $7, key_log_time_ms = $8, "
      "key_clock_ms = $9, keys_by_index = $10, keys_forgotten = $11, keys_remembered = $12, "
      "keys_bytes = $13, next_key = $14";
  if (with_schema) {
    parameters.int64(static_cast<int64_t>(meta.schema_index))
        .text(db::to_json(*meta.schema).dump());
    sql += ", schema_index = $15, schema = $16";
  }
  batch.add(sql, std::move(parameters));
}

void add_give_to(pg::Batch& batch, const repl::Member& member) {
  pg::Parameters whose;
  whose.int64(member.id).text(hex_id(member.storage_id));
  batch.add_once("UPDATE tandem.meta SET replica = $1, storage = $2", std::move(whose));
}

void add_reading(pg::Batch& batch) {
  batch.add("SELECT applied, schema_index, row_counts, longest_texts FROM tandem.meta", {},
            {Type::kInt64, Type::kInt64, Type::kInt64Array, Type::kInt64Array});
}

Reading reading_of(const pg::Rows& rows) {
  Reading reading;
  if (rows.size() != 1) return reading;
  reading.applied = static_cast<uint64_t>(rows.int64(0, 0));
  reading.schema_index = static_cast<uint64_t>(rows.int64(0, 1));
  for (const int64_t count : numbers(rows, 2)) reading.rows.push_back(static_cast<uint64_t>(count));
  for (const int64_t bytes : numbers(rows, 3)) {
    reading.longest_texts.push_back(static_cast<uint64_t>(bytes));
  }
  return reading;
}

}  // namespace tandem::tables

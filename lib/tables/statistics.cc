#include "tables/statistics.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "base/number.h"

namespace tandem::tables {
namespace {

using pg::Type;

constexpr double kScale = 1e6;  // of numbers that are no integers there

// Lists are in no index, and their values would be lists of lists here.
constexpr std::string_view kStatistics = R"(
  SELECT tablename::text, attname::text, (null_frac * 1e6)::bigint,
         CASE WHEN n_distinct < 0 THEN (-n_distinct * greatest(reltuples, 0))::bigint
              ELSE n_distinct::bigint END,
         coalesce(most_common_vals::text::text[], '{}'),
         coalesce(ARRAY(SELECT (f * 1e6)::bigint FROM unnest(most_common_freqs) AS f), '{}'),
         coalesce(histogram_bounds::text::text[], '{}')
  FROM pg_stats JOIN pg_class ON pg_class.relname = tablename
       AND pg_class.relnamespace = 'public'::regnamespace
  WHERE schemaname = 'public' AND NOT inherited AND NOT EXISTS (
    SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = pg_stats.attname
      AND atttypid = 'text[]'::regtype))";

std::optional<db::Value> value_of_text(std::string_view text, db::Type type) {
  switch (type) {
    case db::Type::kText:
      return db::Value(std::string(text));
    case db::Type::kBoolean:
      return db::Value(text == "t");
    case db::Type::kInteger:
    case db::Type::kTimestamp: {
      const auto number = parse_number<int64_t>(text);
      if (!number) return std::nullopt;
      return db::Value(*number);
    }
    case db::Type::kTextList:
      break;
  }
  return std::nullopt;
}

db::ColumnSpread spread_of(const pg::Rows& rows, size_t row, db::Type type) {
  db::ColumnSpread spread;
  spread.nulls = static_cast<double>(rows.int64(row, 2)) / kScale;
  spread.distinct = static_cast<double>(rows.int64(row, 3));
  const auto values = rows.text_array(row, 4);
  const auto parts = rows.int64_array(row, 5);
  for (size_t i = 0; i < values.size() && i < parts.size(); ++i) {
    auto value = value_of_text(values[i].value_or(""), type);
    if (!value) continue;
    spread.common.emplace_back(std::move(*value),
                               static_cast<double>(parts[i].value_or(0)) / kScale);
  }
  for (const auto& bound : rows.text_array(row, 6)) {
    auto value = value_of_text(bound.value_or(""), type);
    if (value) spread.bounds.push_back(std::move(*value));
  }
  return spread;
}

}  // namespace

void add_statistics(pg::Batch& batch) {
  batch.add_once(kStatistics, {},
                 {Type::kText, Type::kText, Type::kInt64, Type::kInt64, Type::kTextArray,
                  Type::kInt64Array, Type::kTextArray});
}

std::vector<db::TableSpreadPtr> spreads_of(const pg::Rows& rows, const db::Schema& schema) {
  std::vector<std::shared_ptr<db::TableSpread>> spreads(schema.tables().size());
  for (size_t row = 0; row < rows.size(); ++row) {
    const db::TableSchema* table = schema.find(rows.text(row, 0));
    if (table == nullptr) continue;
    const size_t column = table->find_column(rows.text(row, 1));
    if (column == db::TableSchema::kNoColumn) continue;
    auto& spread = spreads[schema.number_of(*table)];
    if (spread == nullptr) spread = std::make_shared<db::TableSpread>(table->columns.size());
    (*spread)[column] = spread_of(rows, row, table->columns[column].type);
  }
  return {spreads.begin(), spreads.end()};
}

}  // namespace tandem::tables

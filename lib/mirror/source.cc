#include "mirror/source.h"

#include <variant>

#include "tables/codec.h"
#include "tables/ddl.h"

namespace tandem::mirror {

int64_t weight_of(const db::Row& row) {
  uint64_t sum = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    const auto* number = std::get_if<int64_t>(&row[i]);
    sum += (i + 1) * (number != nullptr ? static_cast<uint64_t>(*number) : db::text_bytes(row[i]));
  }
  return static_cast<int64_t>(sum % Total::kModulus);
}

std::string total_sql(const db::TableSchema& table) {
  std::string weight;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const db::Column& column = table.columns[i];
    const std::string name = tables::quoted(column.name);
    weight += (weight.empty() ? "" : " + ") + std::to_string(i + 1) + "::numeric * " +
              (column.type == db::Type::kText ? "octet_length(" + name + ")" : name);
  }
  return "SELECT count(*), (coalesce(sum(" + weight + "), 0) % " + std::to_string(Total::kModulus) +
         ")::bigint FROM " + tables::table_name(table);
}

}  // namespace tandem::mirror

#include "mirror/table_check.h"

#include <map>
#include <string_view>
#include <utility>

#include "tables/codec.h"
#include "tables/ddl.h"

namespace tandem::mirror {
namespace {

using pg::Type;

constexpr std::string_view kColumns =
    "SELECT a.attname, format_type(a.atttypid, a.atttypmod), "
    "coalesce((SELECT collname FROM pg_collation WHERE oid = a.attcollation), '') "
    "FROM pg_attribute AS a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 "
    "AND NOT a.attisdropped";

// As format_type() and the collation say it.
std::string described(std::string_view type, std::string_view collation) {
  std::string text(type);
  if (!collation.empty()) text += " COLLATE " + tables::quoted(collation);
  return text;
}

}  // namespace

std::vector<std::string> make_table_sql(const Source& source) {
  const std::string name = tables::table_name(source.table());
  std::vector<std::string> sql = tables::create_tables_sql(source.schema(), tables::kPublic);
  for (const std::string& column : source.made_columns()) {
    sql.push_back("ALTER TABLE " + name + " ADD COLUMN " + column);
  }
  sql.push_back("COMMENT ON TABLE " + name + " IS " + tables::literal(source.comment()));
  return sql;
}

void add_look_at_table(pg::Batch& batch, const db::TableSchema& table) {
  batch.add_once(kColumns, std::move(pg::Parameters().text(tables::table_name(table))),
                 {Type::kText, Type::kText, Type::kText});
}

LookAtTable look_at_table(const pg::Rows& rows, const db::TableSchema& table) {
  std::map<std::string, std::string, std::less<>> there;
  for (size_t row = 0; row < rows.size(); ++row) {
    there.emplace(rows.text(row, 0), described(rows.text(row, 1), rows.text(row, 2)));
  }
  if (there.empty()) return {};
  LookAtTable look{true, {}};
  for (const db::Column& column : table.columns) {
    const auto found = there.find(column.name);
    const std::string wanted(tables::column_type(column.type));
    if (found == there.end()) {
      look.difference = "the column '" + column.name + "' is missing";
    } else if (found->second != wanted) {
      look.difference = "the column '" + column.name + "' is " + found->second + ", not " + wanted;
    }
  }
  return look;
}

}  // namespace tandem::mirror

#include "pg/rows.h"

#include <string>
#include <utility>

#include "base/check.h"
#include "base/number.h"
#include "pg/array.h"
#include "pg/rows_maker.h"

namespace tandem::pg {
namespace {

bool is_of(Oid oid, Type type) {
  switch (type) {
    case Type::kBool:
      return oid == kOidBool;
    case Type::kInt64:
      return oid == kOidInt8 || oid == kOidInt4 || oid == kOidInt2;
    case Type::kText:
      return oid == kOidText || oid == kOidVarchar || oid == kOidName;
    case Type::kBytes:
      return oid == kOidBytes;
    case Type::kBoolArray:
      return oid == kOidBoolArray;
    case Type::kInt64Array:
      return oid == kOidInt8Array;
    case Type::kTextArray:
      return oid == kOidTextArray;
  }
  return false;
}

bool is_well_formed(std::string_view value, Oid oid) {
  switch (oid) {
    case kOidBool:
      return value.size() == 1;
    case kOidInt2:
      return value.size() == 2;
    case kOidInt4:
      return value.size() == 4;
    case kOidInt8:
      return value.size() == 8;
    case kOidBoolArray:
      return array_is_well_formed(value, kOidBool, 1);
    case kOidInt8Array:
      return array_is_well_formed(value, kOidInt8, 8);
    case kOidTextArray:
      return array_is_well_formed(value, kOidText, std::nullopt);
    default:
      return true;
  }
}

tl::unexpected<Error> bad_answer(const std::string& why) {
  return fail(ErrorKind::kCorrupt, "unexpected answer of PostgreSQL: " + why);
}

Status check_columns(const PGresult* result, const std::vector<Type>& columns) {
  const auto found = static_cast<size_t>(PQnfields(result));
  if (found != columns.size()) {
    return bad_answer(std::to_string(found) + " columns instead of " +
                      std::to_string(columns.size()));
  }
  for (size_t i = 0; i < found; ++i) {
    const int column = static_cast<int>(i);
    if (PQfformat(result, column) != 1 || !is_of(PQftype(result, column), columns[i])) {
      return bad_answer("column " + std::to_string(i + 1) + " is of type " +
                        std::to_string(PQftype(result, column)));
    }
  }
  return {};
}

std::string_view value_in(const PGresult* result, int row, int column) {
  return {PQgetvalue(result, row, column), static_cast<size_t>(PQgetlength(result, row, column))};
}

}  // namespace

struct Rows::Owned {
  PqResult result;
};

Rows::Rows() = default;
Rows::~Rows() = default;
Rows::Rows(Rows&& other) noexcept
    : owned_(std::move(other.owned_)),
      types_(std::move(other.types_)),
      size_(std::exchange(other.size_, 0)),
      affected_(std::exchange(other.affected_, 0)),
      bytes_(std::exchange(other.bytes_, 0)) {}
Rows& Rows::operator=(Rows&& other) noexcept {
  owned_ = std::move(other.owned_);
  types_ = std::move(other.types_);
  size_ = std::exchange(other.size_, 0);
  affected_ = std::exchange(other.affected_, 0);
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

Result<Rows> RowsMaker::make(PqResult result, const std::vector<Type>& columns) {
  Rows rows;
  rows.affected_ = parse_number<uint64_t>(PQcmdTuples(result.get())).value_or(0);
  if (columns.empty()) return rows;
  const Status fits = check_columns(result.get(), columns);
  if (!fits) return fail(fits.error());
  const int count = PQntuples(result.get());
  for (int column = 0; column < static_cast<int>(columns.size()); ++column) {
    const Oid oid = PQftype(result.get(), column);
    for (int row = 0; row < count; ++row) {
      if (PQgetisnull(result.get(), row, column) != 0) continue;
      const std::string_view value = value_in(result.get(), row, column);
      if (!is_well_formed(value, oid)) {
        return bad_answer("column " + std::to_string(column + 1) + " of row " +
                          std::to_string(row + 1) + " is malformed");
      }
      rows.bytes_ += value.size();
    }
  }
  rows.size_ = static_cast<size_t>(count);
  rows.types_ = columns;
  rows.owned_ = std::make_unique<Rows::Owned>(Rows::Owned{std::move(result)});
  return rows;
}

std::string_view Rows::value(size_t row, size_t column) const {
  CHECK(row < size_ && column < types_.size());
  return value_in(owned_->result.get(), static_cast<int>(row), static_cast<int>(column));
}

std::string_view Rows::value(size_t row, size_t column, Type type) const {
  const std::string_view found = value(row, column);
  CHECK(types_[column] == type && !is_null(row, column));
  return found;
}

bool Rows::is_null(size_t row, size_t column) const {
  CHECK(row < size_ && column < types_.size());
  return PQgetisnull(owned_->result.get(), static_cast<int>(row), static_cast<int>(column)) != 0;
}

bool Rows::boolean(size_t row, size_t column) const {
  return value(row, column, Type::kBool).front() != '\0';
}

int64_t Rows::int64(size_t row, size_t column) const {
  return read_integer(value(row, column, Type::kInt64));
}

std::string_view Rows::text(size_t row, size_t column) const {
  return value(row, column, Type::kText);
}

std::string_view Rows::bytes(size_t row, size_t column) const {
  return value(row, column, Type::kBytes);
}

std::vector<std::optional<std::string_view>> Rows::text_array(size_t row, size_t column) const {
  return array_elements(value(row, column, Type::kTextArray));
}

std::vector<std::optional<int64_t>> Rows::int64_array(size_t row, size_t column) const {
  std::vector<std::optional<int64_t>> numbers;
  for (const auto& element : array_elements(value(row, column, Type::kInt64Array))) {
    numbers.push_back(element ? std::optional(read_integer(*element)) : std::nullopt);
  }
  return numbers;
}

std::vector<std::optional<bool>> Rows::bool_array(size_t row, size_t column) const {
  std::vector<std::optional<bool>> flags;
  for (const auto& element : array_elements(value(row, column, Type::kBoolArray))) {
    flags.push_back(element ? std::optional(element->front() != '\0') : std::nullopt);
  }
  return flags;
}

}  // namespace tandem::pg

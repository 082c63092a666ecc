// The answer to one statement: rows of binary values, in libpq's memory. It may outlive its
// connection.
//
// What the values are was said with the statement (Batch::add), and was checked when the answer
// came: types, lengths, the inside of arrays. So the accessors have nothing to refuse; they CHECK
// that the caller asks for the type it named, in a row and a column that are there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tandem::pg {

// Types of columns and of parameters, with those of PostgreSQL that they are.
enum class Type : uint8_t {
  kBool,        // boolean
  kInt64,       // bigint; in a column also smallint and integer
  kText,        // text; in a column also varchar and name
  kBytes,       // bytea
  kBoolArray,   // boolean[], of one dimension
  kInt64Array,  // bigint[]
  kTextArray,   // text[]
};

class Rows {
 public:
  Rows();
  ~Rows();
  Rows(Rows&& other) noexcept;
  Rows& operator=(Rows&& other) noexcept;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  size_t columns() const { return types_.size(); }
  // Rows that an INSERT, UPDATE, DELETE, SELECT, FETCH or COPY says it has touched; else 0.
  uint64_t affected() const { return affected_; }
  // Of all values.
  size_t bytes() const { return bytes_; }

  bool is_null(size_t row, size_t column) const;
  // REQUIRES, of the rest: not null. Views are good for as long as this is.
  bool boolean(size_t row, size_t column) const;
  int64_t int64(size_t row, size_t column) const;
  std::string_view text(size_t row, size_t column) const;
  std::string_view bytes(size_t row, size_t column) const;
  std::vector<std::optional<std::string_view>> text_array(size_t row, size_t column) const;
  std::vector<std::optional<int64_t>> int64_array(size_t row, size_t column) const;
  std::vector<std::optional<bool>> bool_array(size_t row, size_t column) const;

 private:
  friend class RowsMaker;
  struct Owned;

  std::string_view value(size_t row, size_t column) const;
  std::string_view value(size_t row, size_t column, Type type) const;

  std::unique_ptr<Owned> owned_;
  std::vector<Type> types_;
  size_t size_ = 0;
  uint64_t affected_ = 0;
  size_t bytes_ = 0;
};

}  // namespace tandem::pg

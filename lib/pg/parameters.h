// The values of $1, $2, … of a statement, in their binary form. The order of the calls is the order
// of the numbers.
//
//   Parameters parameters;
//   parameters.text("a-key").int64(7).null(Type::kText);
//
// A value that PostgreSQL cannot hold makes the whole batch fail with kBadInput before anything of
// it is sent: a text or an element with U+0000, or more than 256 MiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pg/rows.h"

namespace tandem::pg {

class Parameters {
 public:
  Parameters& null(Type type);
  Parameters& boolean(bool value);
  Parameters& int64(int64_t value);
  // UTF-8; what is not is refused by the server.
  Parameters& text(std::string_view value);
  Parameters& bytes(std::string_view value);
  Parameters& text_array(std::span<const std::optional<std::string_view>> values);
  Parameters& text_array(std::span<const std::string> values);
  Parameters& int64_array(std::span<const std::optional<int64_t>> values);
  Parameters& int64_array(std::span<const int64_t> values);
  Parameters& bool_array(std::span<const std::optional<bool>> values);

  // Begins anew, and keeps the memory.
  void clear();
  size_t size() const { return types_.size(); }
  const std::vector<Type>& types() const { return types_; }
  // All values together.
  size_t total_bytes() const { return bytes_.size(); }
  // Nothing where it is null. The value is good until the next one is added.
  std::optional<std::string_view> value(size_t index) const;
  // Why they cannot be sent.
  const Status& status() const { return status_; }

 private:
  // Opens a value that ends with end_value().
  void begin_value(Type type);
  void end_value();
  void check_text(std::string_view text);

  std::string bytes_;
  std::vector<Type> types_;
  std::vector<int64_t> begins_;  // where each starts in bytes_; -1: null
  std::vector<size_t> ends_;
  Status status_;
};

}  // namespace tandem::pg

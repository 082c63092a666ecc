#include "pg/parameters.h"

#include <algorithm>

#include "base/check.h"
#include "pg/array.h"
#include "pg/pq.h"

namespace tandem::pg {
namespace {

constexpr size_t kMostBytes = size_t{256} << 20;
// What the protocol counts in 16 bits.
constexpr size_t kMostParameters = 65535;

template <typename Values>
bool has_null(const Values& values) {
  return std::any_of(values.begin(), values.end(), [](const auto& value) { return !value; });
}

}  // namespace

void Parameters::begin_value(Type type) {
  types_.push_back(type);
  begins_.push_back(static_cast<int64_t>(bytes_.size()));
  if (types_.size() > kMostParameters) {
    status_ = fail(ErrorKind::kBadInput, "a statement has at most 65535 parameters");
  }
}

void Parameters::end_value() {
  ends_.push_back(bytes_.size());
  if (bytes_.size() > kMostBytes) {
    status_ = fail(ErrorKind::kBadInput, "the parameters of a statement exceed 256 MiB");
  }
}

void Parameters::check_text(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) {
    status_ = fail(ErrorKind::kBadInput, "PostgreSQL cannot hold a text with U+0000");
  }
}

Parameters& Parameters::null(Type type) {
  begin_value(type);
  begins_.back() = -1;
  end_value();
  return *this;
}

Parameters& Parameters::boolean(bool value) {
  begin_value(Type::kBool);
  bytes_ += value ? '\1' : '\0';
  end_value();
  return *this;
}

Parameters& Parameters::int64(int64_t value) {
  begin_value(Type::kInt64);
  append_i64(bytes_, value);
  end_value();
  return *this;
}

Parameters& Parameters::text(std::string_view value) {
  begin_value(Type::kText);
  check_text(value);
  bytes_ += value;
  end_value();
  return *this;
}

Parameters& Parameters::bytes(std::string_view value) {
  begin_value(Type::kBytes);
  bytes_ += value;
  end_value();
  return *this;
}

Parameters& Parameters::text_array(std::span<const std::optional<std::string_view>> values) {
  begin_value(Type::kTextArray);
  append_array_head(bytes_, kOidText, values.size(), has_null(values));
  for (const auto& value : values) {
    if (value) {
      check_text(*value);
      append_element(bytes_, *value);
    } else {
      append_i32(bytes_, -1);
    }
  }
  end_value();
  return *this;
}

Parameters& Parameters::text_array(std::span<const std::string> values) {
  begin_value(Type::kTextArray);
  append_array_head(bytes_, kOidText, values.size(), false);
  for (const std::string& value : values) {
    check_text(value);
    append_element(bytes_, value);
  }
  end_value();
  return *this;
}

Parameters& Parameters::int64_array(std::span<const std::optional<int64_t>> values) {
  begin_value(Type::kInt64Array);
  append_array_head(bytes_, kOidInt8, values.size(), has_null(values));
  for (const auto& value : values) {
    append_i32(bytes_, value ? 8 : -1);
    if (value) append_i64(bytes_, *value);
  }
  end_value();
  return *this;
}

Parameters& Parameters::int64_array(std::span<const int64_t> values) {
  begin_value(Type::kInt64Array);
  append_array_head(bytes_, kOidInt8, values.size(), false);
  for (const int64_t value : values) {
    append_i32(bytes_, 8);
    append_i64(bytes_, value);
  }
  end_value();
  return *this;
}

Parameters& Parameters::bool_array(std::span<const std::optional<bool>> values) {
  begin_value(Type::kBoolArray);
  append_array_head(bytes_, kOidBool, values.size(), has_null(values));
  for (const auto& value : values) {
    append_i32(bytes_, value ? 1 : -1);
    if (value) bytes_ += *value ? '\1' : '\0';
  }
  end_value();
  return *this;
}

void Parameters::clear() {
  bytes_.clear();
  types_.clear();
  begins_.clear();
  ends_.clear();
  status_ = {};
}

std::optional<std::string_view> Parameters::value(size_t index) const {
  CHECK(index < ends_.size());
  if (begins_[index] < 0) return std::nullopt;
  const auto begin = static_cast<size_t>(begins_[index]);
  return std::string_view(bytes_).substr(begin, ends_[index] - begin);
}

}  // namespace tandem::pg

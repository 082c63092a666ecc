#include "pg/array.h"

#include "base/check.h"

namespace tandem::pg {
namespace {

constexpr size_t kEmptyHead = 12;
constexpr size_t kHead = 20;

template <typename Number>
void append_big_endian(std::string& out, Number number) {
  for (size_t i = sizeof(Number); i-- > 0;) {
    out += static_cast<char>(static_cast<unsigned char>(number >> (8 * i)));
  }
}

// Takes the number off the front. REQUIRES: at least four bytes.
int32_t take_i32(std::string_view& bytes) {
  const auto number = static_cast<int32_t>(read_integer(bytes.substr(0, 4)));
  bytes.remove_prefix(4);
  return number;
}

}  // namespace

void append_i16(std::string& out, int16_t number) {
  append_big_endian(out, static_cast<uint16_t>(number));
}
void append_i32(std::string& out, int32_t number) {
  append_big_endian(out, static_cast<uint32_t>(number));
}
void append_i64(std::string& out, int64_t number) {
  append_big_endian(out, static_cast<uint64_t>(number));
}

int64_t read_integer(std::string_view bytes) {
  CHECK(bytes.size() == 2 || bytes.size() == 4 || bytes.size() == 8);
  uint64_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  if (bytes.size() == 2) return static_cast<int16_t>(number);
  if (bytes.size() == 4) return static_cast<int32_t>(number);
  return static_cast<int64_t>(number);
}

void append_array_head(std::string& out, uint32_t element_type, size_t count, bool has_null) {
  append_i32(out, count == 0 ? 0 : 1);
  append_i32(out, has_null ? 1 : 0);
  append_i32(out, static_cast<int32_t>(element_type));
  if (count == 0) return;
  append_i32(out, static_cast<int32_t>(count));
  append_i32(out, 1);
}

void append_element(std::string& out, std::string_view bytes) {
  append_i32(out, static_cast<int32_t>(bytes.size()));
  out += bytes;
}

bool array_is_well_formed(std::string_view bytes, uint32_t element_type,
                          std::optional<size_t> element_size) {
  if (bytes.size() < kEmptyHead) return false;
  const int32_t dimensions = take_i32(bytes);
  take_i32(bytes);
  if (static_cast<uint32_t>(take_i32(bytes)) != element_type) return false;
  if (dimensions == 0) return bytes.empty();
  if (dimensions != 1 || bytes.size() < kHead - kEmptyHead) return false;
  const int32_t count = take_i32(bytes);
  take_i32(bytes);
  if (count < 0) return false;
  for (int32_t i = 0; i < count; ++i) {
    if (bytes.size() < 4) return false;
    const int32_t length = take_i32(bytes);
    if (length == -1) continue;
    if (length < 0 || static_cast<size_t>(length) > bytes.size()) return false;
    if (element_size && static_cast<size_t>(length) != *element_size) return false;
    bytes.remove_prefix(static_cast<size_t>(length));
  }
  return bytes.empty();
}

std::vector<std::optional<std::string_view>> array_elements(std::string_view bytes) {
  std::vector<std::optional<std::string_view>> elements;
  if (bytes.size() < kHead) return elements;
  bytes.remove_prefix(kEmptyHead);
  const int32_t count = take_i32(bytes);
  take_i32(bytes);
  elements.reserve(static_cast<size_t>(count));
  for (int32_t i = 0; i < count; ++i) {
    const int32_t length = take_i32(bytes);
    if (length == -1) {
      elements.emplace_back();
      continue;
    }
    elements.emplace_back(bytes.substr(0, static_cast<size_t>(length)));
    bytes.remove_prefix(static_cast<size_t>(length));
  }
  return elements;
}

}  // namespace tandem::pg

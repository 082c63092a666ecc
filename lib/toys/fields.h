// Reads the members of a JSON object one after the other, and keeps the first error: so a reader is
// a list of its fields. What is returned after an error means nothing. Private to this library.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "toys/intent_id.h"
#include "wire/json.h"

namespace tandem::toys {

class Fields {
 public:
  // `object` outlives this.
  explicit Fields(const wire::Json& object);

  std::string text(std::string_view name);
  std::string toy_name(std::string_view name);     // check_name() holds
  std::string stored_text(std::string_view name);  // of a snapshot: wire/stored_json.h
  int64_t integer(std::string_view name, int64_t min, int64_t max);
  uint64_t counter(std::string_view name);  // an integer from 0 on
  bool boolean(std::string_view name);
  uint64_t id(std::string_view name);  // 16 hex digits
  IntentId intent(std::string_view name);
  int64_t price(std::string_view name);
  const wire::Json::Array& array(std::string_view name);

  // For what the reader finds out itself.
  void refuse(std::string message);

  bool ok() const { return status_.has_value(); }
  // REQUIRES: not ok(). kBadInput, and the message names the member.
  const Error& error() const { return status_.error(); }

 private:
  const wire::Json* member(std::string_view name);
  // The value, or keeps its error.
  template <typename T>
  T take(Result<T> value);

  const wire::Json& object_;
  Status status_;
};

// What `read` makes of the members of an object; the error of what is none, or of its first member
// that is at fault.
template <typename Read>
auto read_fields(const Result<wire::Json>& object, Read read)
    -> Result<decltype(read(std::declval<Fields&>()))> {
  if (!object) return fail(object.error());
  Fields in(*object);
  auto value = read(in);
  if (!in.ok()) return fail(in.error());
  return value;
}

// A row of a snapshot as a JSON object; kCorrupt where it is none.
Result<wire::Json> parse_stored_object(std::string_view row);

}  // namespace tandem::toys

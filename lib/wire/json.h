// JSON: reading (simdjson behind it, one .cc) into a small value tree, and writing.
//
// Reading is strict where it protects the data: UTF-8 is checked, duplicate keys in one object are
// an error, as are numbers that fit no int64 or finite double, nesting deeper than 64 levels and
// text after the value. An integer too big for int64 is an error, not a rounded double.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace tandem::wire {

class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;  // in the order of the text; keys are unique

  Json() = default;                                      // null
  Json(std::nullptr_t) {}                                // NOLINT: literals read as JSON
  Json(bool v) : value_(v) {}                            // NOLINT
  Json(int64_t v) : value_(v) {}                         // NOLINT
  Json(int v) : value_(static_cast<int64_t>(v)) {}       // NOLINT
  Json(uint64_t v) : value_(static_cast<int64_t>(v)) {}  // NOLINT
  Json(double v) : value_(v) {}                          // NOLINT
  Json(std::string v) : value_(std::move(v)) {}          // NOLINT
  Json(std::string_view v) : value_(std::string(v)) {}   // NOLINT
  Json(const char* v) : value_(std::string(v)) {}        // NOLINT
  Json(Array v) : value_(std::move(v)) {}                // NOLINT
  Json(Object v) : value_(std::move(v)) {}               // NOLINT

  // A number as a request has it, where no double is the same: `nearest` is what as_double() gives.
  static Json number_as_given(std::string text, double nearest);

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  // The value where it has that type, else nullptr.
  const bool* as_bool() const { return std::get_if<bool>(&value_); }
  const int64_t* as_int() const { return std::get_if<int64_t>(&value_); }
  const double* as_double() const {
    if (const auto* given = std::get_if<GivenNumber>(&value_)) return &given->number->nearest;
    return std::get_if<double>(&value_);
  }
  // The text of a number that as_double() does not give as it is, else nullptr.
  const std::string* as_given() const {
    const auto* given = std::get_if<GivenNumber>(&value_);
    return given == nullptr ? nullptr : &given->number->text;
  }
  const std::string* as_string() const { return std::get_if<std::string>(&value_); }
  const Array* as_array() const { return std::get_if<Array>(&value_); }
  Array* as_array() { return std::get_if<Array>(&value_); }
  const Object* as_object() const { return std::get_if<Object>(&value_); }
  Object* as_object() { return std::get_if<Object>(&value_); }

  // The member of an object, or nullptr (also where this is no object).
  const Json* find(std::string_view key) const;
  // Appends (or replaces) a member; turns null into an object. Gives *this, for building answers.
  Json& set(std::string_view key, Json value);
  // "null", "a boolean", "an integer", "a number", "a string", "an array", "an object".
  std::string_view type_name() const;

  // Compact text: no blanks, non-ASCII as it is, control characters escaped.
  std::string dump() const;
  void dump_to(std::string& out) const;

  bool operator==(const Json&) const = default;

 private:
  // Seldom there, and not to make all others larger.
  struct GivenNumber {
    struct Number {
      double nearest;
      std::string text;
    };
    std::shared_ptr<const Number> number;
    bool operator==(const GivenNumber& other) const { return number->text == other.number->text; }
  };

  std::variant<std::monostate, bool, int64_t, double, std::string, Array, Object, GivenNumber>
      value_;
};

constexpr size_t kMaxJsonBytes = size_t{64} << 20;
constexpr size_t kMaxStoredJsonBytes = size_t{4000} << 20;  // simdjson ends at 4 GiB
// Of a request, arrays and objects included. To make and look at values takes most of the time that
// a text takes, whatever they are: a body of a megabyte may hold half a million.
constexpr size_t kMaxRequestValues = 50'000;

// Of a request, in which keys that nobody knows are ignored: a number that fits no int64 or finite
// double is read as a double of 1e308 with its sign, so that it is refused where it counts, by the
// name of its key, and nowhere else. Such a number, and one with more digits than a double can have,
// keeps its text: see Json::as_given(). kTooLarge: it holds more than kMaxRequestValues values.
// Everything else as parse_json.
Result<Json> parse_request_json(std::string_view text);

// Fails with kBadInput: "not JSON: …", "duplicate key 'x'", …; with kTooLarge where there are more
// than `max_values`, once so many were made.
Result<Json> parse_json(std::string_view text, size_t max_bytes = kMaxJsonBytes,
                        size_t max_values = SIZE_MAX);

}  // namespace tandem::wire

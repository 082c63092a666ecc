// parse_request_json() of json.h.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <vector>

#include "wire/json.h"

namespace tandem::wire {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kInNumber = "0123456789.eE+-";

// The digits at the front of `text` are taken off. False where there are none.
bool take_digits(std::string_view& text) {
  const size_t end = std::min(text.find_first_not_of(kDigits), text.size());
  text.remove_prefix(end);
  return end > 0;
}

// A number as RFC 8259 writes it: what is none shall not become one.
bool is_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool zero_first = text.starts_with('0');
  const size_t before = text.size();
  if (!take_digits(text) || (zero_first && before - text.size() > 1)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!take_digits(text)) return false;
  }
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  text.remove_prefix(1);
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return take_digits(text) && text.empty();
}

bool is_out_of_range(std::string_view number) {
  if (!is_number(number)) return false;
  const char* end = number.data() + number.size();
  const size_t exponent = number.find_first_of("eE");
  if (exponent == std::string_view::npos && number.find('.') == std::string_view::npos) {
    int64_t integer = 0;
    return std::from_chars(number.data(), end, integer).ec == std::errc::result_out_of_range;
  }
  // What is too near to 0 is read as 0.
  if (exponent != std::string_view::npos && number[exponent + 1] == '-') return false;
  double real = 0;
  return std::from_chars(number.data(), end, real).ec == std::errc::result_out_of_range;
}

// More than a double tells apart. Such a number is looked for in every request: one place in
// kManyDigits is in any.
constexpr size_t kManyDigits = 18;

bool has_many_digits(std::string_view number) {
  number = number.substr(0, number.find_first_of("eE"));
  const size_t first = std::min(number.find_first_not_of("-0."), number.size());
  size_t digits = 0;
  for (const char c : number.substr(first)) digits += c != '.' ? 1 : 0;
  return digits >= kManyDigits;
}

bool may_have_long_number(std::string_view json) {
  const auto is_part = [&](size_t i) { return kInNumber.find(json[i]) != std::string_view::npos; };
  for (size_t i = kManyDigits - 1; i < json.size(); i += kManyDigits) {
    if (!is_part(i)) continue;
    size_t begin = i;
    size_t end = i + 1;
    while (begin > 0 && is_part(begin - 1)) --begin;
    while (end < json.size() && is_part(end)) ++end;
    if (end - begin > kManyDigits) return true;
    i = end - 1;
  }
  return false;
}

// In place of a number whose text is kept. Whoever writes this very number has its text kept, too.
constexpr double kMark = 2.898402974915797e+301;

struct Held {
  std::string json;                // with numbers that Json can hold
  std::vector<std::string> given;  // the texts of those that stand there as kMark
  bool too_many = false;           // numbers for a request
};

// Of the number, which is out of range or has many digits.
double nearest_to(std::string_view number) {
  double nearest = 0;
  const bool integer = number.find_first_of(".eE") == std::string_view::npos;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), nearest);
  if (integer || read.ec != std::errc()) return number.starts_with('-') ? -1e308 : 1e308;
  return nearest;
}

bool is_to_be_kept(std::string_view number) {
  if (is_out_of_range(number)) return true;
  if (!is_number(number) || number.find_first_of(".eE") == std::string_view::npos) return false;
  double value = 0;
  std::from_chars(number.data(), number.data() + number.size(), value);
  return value == kMark || has_many_digits(number);
}

// Strings stay as they are.
Held hold_numbers(std::string_view json) {
  static const std::string kMarkText = Json(kMark).dump();
  Held held;
  held.json.reserve(json.size());
  size_t numbers = 0;
  bool in_string = false;
  for (size_t i = 0; i < json.size();) {
    const char c = json[i];
    if (in_string && c == '\\') {
      held.json += json.substr(i, 2);
      i += 2;
      continue;
    }
    if (c == '"') in_string = !in_string;
    if (in_string || (c != '-' && kDigits.find(c) == std::string_view::npos)) {
      held.json += c;
      ++i;
      continue;
    }
    held.too_many = ++numbers > kMaxRequestValues;
    if (held.too_many) return held;
    const size_t end = std::min(json.find_first_not_of(kInNumber, i), json.size());
    const std::string_view number = json.substr(i, end - i);
    if (is_to_be_kept(number)) {
      held.json += kMarkText;
      held.given.emplace_back(number);
    } else {
      held.json += number;
    }
    i = end;
  }
  return held;
}

// Puts the texts back, which come in the order of the marks.
void give_back(Json& json, const std::vector<std::string>& given, size_t& next) {
  if (Json::Array* array = json.as_array()) {
    for (Json& item : *array) give_back(item, given, next);
  } else if (Json::Object* object = json.as_object()) {
    for (auto& [name, value] : *object) give_back(value, given, next);
  } else if (const double* number = json.as_double(); number != nullptr && *number == kMark) {
    const std::string& text = given[next++];
    json = Json::number_as_given(text, nearest_to(text));
  }
}

}  // namespace

Result<Json> parse_request_json(std::string_view text) {
  Result<Json> json = parse_json(text, kMaxJsonBytes, kMaxRequestValues);
  if (!json && (json.error().kind == ErrorKind::kTooLarge || text.size() > kMaxJsonBytes)) {
    return json;
  }
  // Seldom needed, so what is fine costs little.
  if (json && !may_have_long_number(text)) return json;
  const Held held = hold_numbers(text);
  if (held.too_many || held.given.empty()) return json;
  Result<Json> again = parse_json(held.json, kMaxJsonBytes, kMaxRequestValues);
  if (!again) return json;
  size_t next = 0;
  give_back(*again, held.given, next);
  return again;
}

}  // namespace tandem::wire

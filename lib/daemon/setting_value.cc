#include "daemon/setting_value.h"

#include <cmath>
#include <limits>
#include <span>

#include "base/json_string.h"
#include "base/number.h"
#include "wire/utf8.h"

namespace tandem::daemon {
namespace {

using wire::Json;

struct Unit {
  std::string_view name;
  int64_t factor;
};
// Largest last: the way back takes the last one that divides.
constexpr Unit kDurations[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
constexpr Unit kSizes[] = {{"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};

std::optional<int64_t> parse_with_unit(std::string_view text, std::span<const Unit> units) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::optional<int64_t> number = parse_number<int64_t>(text.substr(0, digits));
  if (!number) return std::nullopt;
  const std::string_view name = text.substr(digits);
  for (const Unit& unit : units) {
    if (name != unit.name && !(name.empty() && unit.factor == 1)) continue;
    if (*number > std::numeric_limits<int64_t>::max() / unit.factor) return std::nullopt;
    return *number * unit.factor;
  }
  return std::nullopt;
}

std::string text_with_unit(int64_t value, std::span<const Unit> units) {
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) best = &unit;
  }
  return std::to_string(value / best->factor) + std::string(best->name);
}

// What a path or a name can be: UTF-8 without NUL, which would end it early in system calls.
bool is_usable_text(const std::string& text) {
  return text.find('\0') == std::string::npos && wire::is_utf8(text);
}

tl::unexpected<Error> refuse(const Setting& setting, const std::string& given) {
  std::string message = "'" + setting.key() + "' must be " + setting.expectation();
  if (!setting.is_secret()) message += ", not " + given;
  return fail(ErrorKind::kConfig, message);
}

Result<Json> checked_integer(const Setting& setting, std::optional<int64_t> value,
                             const std::string& given) {
  if (!value || *value < setting.min() || *value > setting.max()) return refuse(setting, given);
  return Json(*value);
}

Result<Json> checked_text(const Setting& setting, const std::string& text) {
  if (!is_usable_text(text)) return refuse(setting, "text with NUL or bytes that are not UTF-8");
  if (setting.check()) {
    const Status checked = setting.check()(text);
    if (!checked) {
      return fail(ErrorKind::kConfig, "'" + setting.key() + "': " + checked.error().message);
    }
  }
  if (setting.choices().empty()) return Json(text);
  for (const std::string& choice : setting.choices()) {
    if (choice == text) return Json(text);
  }
  return refuse(setting, "'" + text + "'");
}

Result<Json> checked_item(const Setting& setting, const std::string& text) {
  if (setting.type() == SettingType::kTextList) return checked_text(setting, text);
  return checked_integer(setting, parse_number<int64_t>(text), "'" + text + "'");
}

Result<Json> checked_item(const Setting& setting, const TomlNode& node) {
  const bool text = setting.type() == SettingType::kTextList;
  if (node.kind != (text ? TomlNode::Kind::kText : TomlNode::Kind::kInteger)) {
    return refuse(setting, "one with " + std::string(node.type_name()));
  }
  if (text) return checked_text(setting, *node.scalar.as_string());
  return checked_integer(setting, *node.scalar.as_int(), "one with " + node.scalar.dump());
}

// How a list of integers is written in a text, for those who write it as in the file.
tl::unexpected<Error> refuse_integers(const Setting& setting, const std::string& text) {
  return fail(ErrorKind::kConfig, "'" + setting.key() + "' must be " + setting.expectation() +
                                      " with commas in between, such as 1,2,3, not '" + text + "'");
}

// "a,b" as an array; an empty text is an empty list.
Result<Json> list_from_text(const Setting& setting, const std::string& text) {
  Json::Array items;
  size_t begin = 0;
  while (!text.empty() && begin <= text.size()) {
    const size_t comma = std::min(text.find(',', begin), text.size());
    Result<Json> item = checked_item(setting, text.substr(begin, comma - begin));
    if (!item && setting.type() == SettingType::kIntegerList) return refuse_integers(setting, text);
    if (!item) return item;
    items.push_back(std::move(*item));
    begin = comma + 1;
  }
  return Json(std::move(items));
}

bool has_null(const Json& value) {
  if (value.is_null()) return true;
  if (const Json::Array* items = value.as_array()) {
    for (const Json& item : *items) {
      if (has_null(item)) return true;
    }
  }
  if (const Json::Object* members = value.as_object()) {
    for (const auto& [key, member] : *members) {
      if (has_null(member)) return true;
    }
  }
  return false;
}

Result<Json> raw_from_text(const Setting& setting, const std::string& text) {
  Result<Json> value = wire::parse_json(text);
  if (!value) return refuse(setting, "text that is " + value.error().message);
  if (has_null(*value)) return refuse(setting, "one with null");
  return value;
}

Result<Json> list_from_toml(const Setting& setting, const TomlNode& node) {
  if (node.kind != TomlNode::Kind::kArray) return refuse(setting, std::string(node.type_name()));
  Json::Array items;
  for (const TomlNode& item : node.items) {
    Result<Json> checked = checked_item(setting, item);
    if (!checked) return checked;
    items.push_back(std::move(*checked));
  }
  return Json(std::move(items));
}

std::string toml_string(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  // JSON lets DEL stand for itself, TOML does not; everything else is the same.
  std::string result;
  for (const char c : json) {
    if (c == '\x7f') {
      result += "\\u007f";
    } else {
      result += c;
    }
  }
  return result;
}

std::string toml_number(double value) {
  char digits[64];
  const auto [end, code] = std::to_chars(digits, digits + sizeof digits, value);
  std::string text(digits, end);
  // Without these it would be read back as an integer.
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string toml_of(const Json& value) {
  if (const std::string* text = value.as_string()) return toml_string(*text);
  if (const double* number = value.as_double()) return toml_number(*number);
  std::string result;
  if (const Json::Array* items = value.as_array()) {
    for (const Json& item : *items) result += (result.empty() ? "" : ", ") + toml_of(item);
    return "[" + result + "]";
  }
  if (const Json::Object* members = value.as_object()) {
    for (const auto& [key, member] : *members) {
      result += (result.empty() ? " " : ", ") + toml_string(key) + " = " + toml_of(member);
    }
    return result.empty() ? "{}" : "{" + result + " }";
  }
  return value.dump();
}

}  // namespace

std::optional<int64_t> parse_duration(std::string_view text) {
  if (!missing_unit(text).empty()) return std::nullopt;
  return parse_with_unit(text, kDurations);
}

std::string missing_unit(std::string_view text) {
  const std::optional<int64_t> number = parse_number<int64_t>(text);
  if (!number || *number <= 0) return "";
  const std::string digits(text);
  return "say the unit: " + digits + "s, " + digits + "ms";
}

std::optional<int64_t> parse_size(std::string_view text) { return parse_with_unit(text, kSizes); }
std::string duration_text(int64_t ms) { return text_with_unit(ms, kDurations); }
std::string size_text(int64_t bytes) { return text_with_unit(bytes, kSizes); }

Result<Json> value_from_text(const Setting& setting, const std::string& text) {
  const std::string given = "'" + text + "'";
  switch (setting.type()) {
    case SettingType::kText:
      return checked_text(setting, text);
    case SettingType::kInteger:
      return checked_integer(setting, parse_number<int64_t>(text), given);
    case SettingType::kDuration:
      if (const std::string missing = missing_unit(text); !missing.empty()) {
        return fail(ErrorKind::kConfig, "'" + setting.key() + "': " + missing);
      }
      return checked_integer(setting, parse_duration(text), given);
    case SettingType::kSize:
      return checked_integer(setting, parse_size(text), given);
    case SettingType::kBoolean:
      if (text != "true" && text != "false") return refuse(setting, given);
      return Json(text == "true");
    case SettingType::kTextList:
    case SettingType::kIntegerList:
      return list_from_text(setting, text);
    case SettingType::kRaw:
      return raw_from_text(setting, text);
  }
  return refuse(setting, given);
}

Result<Json> value_from_toml(const Setting& setting, const TomlNode& node) {
  using Kind = TomlNode::Kind;
  const std::string type(node.type_name());
  switch (setting.type()) {
    case SettingType::kText:
      if (node.kind != Kind::kText) return refuse(setting, type);
      return checked_text(setting, *node.scalar.as_string());
    case SettingType::kInteger:
      if (node.kind != Kind::kInteger) return refuse(setting, type);
      return checked_integer(setting, *node.scalar.as_int(), node.scalar.dump());
    case SettingType::kDuration:
    case SettingType::kSize:
      // A bare number, or a string with a unit.
      if (node.kind == Kind::kInteger) {
        return checked_integer(setting, *node.scalar.as_int(), node.scalar.dump());
      }
      if (node.kind != Kind::kText) return refuse(setting, type);
      return value_from_text(setting, *node.scalar.as_string());
    case SettingType::kBoolean:
      if (node.kind != Kind::kBoolean) return refuse(setting, type);
      return node.scalar;
    case SettingType::kTextList:
    case SettingType::kIntegerList:
      return list_from_toml(setting, node);
    case SettingType::kRaw:
      break;  // raw_from_toml, which knows positions
  }
  return refuse(setting, type);
}

Result<Json> raw_from_toml(const TomlNode& node, const std::string& file, const std::string& path,
                           std::map<std::string, std::string>& positions) {
  const std::string at = position(file, node.line, node.column);
  if (!path.empty()) positions.emplace(path, at);
  const std::string prefix = path.empty() ? "" : path + ".";
  if (node.kind == TomlNode::Kind::kTable) {
    Json::Object members;
    for (const TomlMember& member : node.members) {
      // The key's position says more than that of a table which spreads over many lines.
      positions.emplace(prefix + member.key, position(file, member.line, member.column));
      Result<Json> value = raw_from_toml(member.value, file, prefix + member.key, positions);
      if (!value) return value;
      members.emplace_back(member.key, std::move(*value));
    }
    return Json(std::move(members));
  }
  if (node.kind == TomlNode::Kind::kArray) {
    Json::Array items;
    for (size_t i = 0; i < node.items.size(); ++i) {
      Result<Json> value =
          raw_from_toml(node.items[i], file, prefix + std::to_string(i), positions);
      if (!value) return value;
      items.push_back(std::move(*value));
    }
    return Json(std::move(items));
  }
  if (node.kind == TomlNode::Kind::kDate) {
    return fail(ErrorKind::kConfig, at + ": a date or time is not accepted here, write a string");
  }
  if (node.kind == TomlNode::Kind::kNumber && !std::isfinite(*node.scalar.as_double())) {
    return fail(ErrorKind::kConfig, at + ": inf and nan are not accepted here");
  }
  return node.scalar;
}

std::string value_to_toml(const Setting& setting) {
  const Json& value = setting.value();
  if (setting.type() == SettingType::kDuration) {
    return toml_string(duration_text(*value.as_int()));
  }
  if (setting.type() == SettingType::kSize) {
    const std::string text = size_text(*value.as_int());
    return text.back() == 'B' ? toml_string(text) : text;
  }
  return toml_of(value);
}

}  // namespace tandem::daemon

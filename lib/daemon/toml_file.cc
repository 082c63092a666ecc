#include "daemon/toml_file.h"

#include <toml++/toml.h>

#include <algorithm>

namespace tandem::daemon {
namespace {

TomlNode convert(const toml::node& node);

TomlNode convert_table(const toml::table& table) {
  TomlNode result;
  for (const auto& [key, value] : table) {
    TomlMember member;
    member.key = key.str();
    member.line = key.source().begin.line;
    member.column = key.source().begin.column;
    member.value = convert(value);
    result.members.push_back(std::move(member));
  }
  // toml++ sorts by key; the order of the file means something to people, and to errors.
  std::stable_sort(result.members.begin(), result.members.end(),
                   [](const TomlMember& a, const TomlMember& b) {
                     return std::pair(a.line, a.column) < std::pair(b.line, b.column);
                   });
  return result;
}

TomlNode convert_array(const toml::array& array) {
  TomlNode result;
  result.kind = TomlNode::Kind::kArray;
  for (const toml::node& item : array) result.items.push_back(convert(item));
  return result;
}

TomlNode convert_scalar(const toml::node& node) {
  TomlNode result;
  if (const auto* text = node.as_string()) {
    result.kind = TomlNode::Kind::kText;
    result.scalar = wire::Json(text->get());
  } else if (const auto* integer = node.as_integer()) {
    result.kind = TomlNode::Kind::kInteger;
    result.scalar = wire::Json(integer->get());
  } else if (const auto* number = node.as_floating_point()) {
    result.kind = TomlNode::Kind::kNumber;
    result.scalar = wire::Json(number->get());
  } else if (const auto* boolean = node.as_boolean()) {
    result.kind = TomlNode::Kind::kBoolean;
    result.scalar = wire::Json(boolean->get());
  } else {
    result.kind = TomlNode::Kind::kDate;
  }
  return result;
}

// toml++ refuses nesting deeper than 256, so recursion is bounded.
TomlNode convert(const toml::node& node) {
  TomlNode result;
  if (const toml::table* table = node.as_table()) {
    result = convert_table(*table);
  } else if (const toml::array* array = node.as_array()) {
    result = convert_array(*array);
  } else {
    result = convert_scalar(node);
  }
  result.line = node.source().begin.line;
  result.column = node.source().begin.column;
  return result;
}

}  // namespace

std::string_view TomlNode::type_name() const {
  switch (kind) {
    case Kind::kTable:
      return "a table";
    case Kind::kArray:
      return "an array";
    case Kind::kText:
      return "a string";
    case Kind::kInteger:
      return "an integer";
    case Kind::kNumber:
      return "a fraction";
    case Kind::kBoolean:
      return "a boolean";
    case Kind::kDate:
      return "a date or time";
  }
  return "a value";
}

Result<TomlNode> parse_toml(std::string_view text, const std::string& name) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    std::string why(error.description());
    // toml++ begins its texts with a capital; ours are lower case throughout.
    if (why.starts_with("Error")) why[0] = 'e';
    return fail(
        ErrorKind::kConfig,
        position(name, error.source().begin.line, error.source().begin.column) + ": " + why);
  }
  return convert(parsed.table());
}

std::string position(const std::string& name, uint32_t line, uint32_t column) {
  return name + ":" + std::to_string(line) + ":" + std::to_string(column);
}

}  // namespace tandem::daemon

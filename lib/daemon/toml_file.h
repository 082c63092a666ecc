// A TOML 1.0 document as a small tree with positions. The one place that knows toml++, which is
// slow to compile.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/json.h"

namespace tandem::daemon {

struct TomlMember;

struct TomlNode {
  enum class Kind { kTable, kArray, kText, kInteger, kNumber, kBoolean, kDate };

  Kind kind = Kind::kTable;
  wire::Json scalar;                // kText, kInteger, kNumber, kBoolean
  std::vector<TomlMember> members;  // kTable, in the order of the file
  std::vector<TomlNode> items;      // kArray
  uint32_t line = 0;                // where the value begins, from 1
  uint32_t column = 0;

  // "a string", "an integer", "a table", …
  std::string_view type_name() const;
};

struct TomlMember {
  std::string key;
  uint32_t line = 0;  // where the key begins
  uint32_t column = 0;
  TomlNode value;
};

// Fails with kConfig: "etc/orch.toml:12:3: …". `name` is the file's, for messages.
Result<TomlNode> parse_toml(std::string_view text, const std::string& name);

// "etc/orch.toml:12:3"
std::string position(const std::string& name, uint32_t line, uint32_t column);

}  // namespace tandem::daemon

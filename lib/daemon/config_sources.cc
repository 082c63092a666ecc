#include "daemon/config_sources.h"

#include <unistd.h>

#include <algorithm>
#include <map>

#include "daemon/setting_value.h"
#include "daemon/toml_file.h"
#include "file/file.h"

namespace tandem::daemon {
namespace {

constexpr size_t kMaxFileBytes = 4 << 20;

std::string joined(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + "." + key;
}

// One file, read from its root down.
class FileSource {
 public:
  FileSource(const std::string& file, SettingTable& table, ConfigReport& report)
      : file_(file), table_(table), report_(report) {}

  void read_table(const TomlNode& node, const std::string& path);

 private:
  void read_member(Setting& setting, const TomlNode& node);

  const std::string& file_;
  SettingTable& table_;
  ConfigReport& report_;
};

void FileSource::read_table(const TomlNode& node, const std::string& path) {
  for (const TomlMember& member : node.members) {
    const std::string key = joined(path, member.key);
    const std::string at = position(file_, member.line, member.column);
    // A quoted key with a dot in it is one name in TOML, not a path.
    const bool is_name = member.key.find('.') == std::string::npos;
    if (Setting* setting = is_name ? table_.find(key) : nullptr; setting != nullptr) {
      read_member(*setting, member.value);
    } else if (!is_name || !table_.is_group(key)) {
      const bool is_table = member.value.kind == TomlNode::Kind::kTable;
      report_.errors.push_back({at + ": unknown " + (is_table ? "table" : "key") + " '" + key +
                                "'" + table_.suggest(key, is_table)});
    } else if (member.value.kind != TomlNode::Kind::kTable) {
      report_.errors.push_back(
          {at + ": '" + key + "' must be a table, not " + std::string(member.value.type_name())});
    } else {
      read_table(member.value, key);
    }
  }
}

void FileSource::read_member(Setting& setting, const TomlNode& node) {
  const std::string at = position(file_, node.line, node.column);
  if (setting.type() == SettingType::kRaw) {
    std::map<std::string, std::string> positions;
    Result<wire::Json> value = raw_from_toml(node, file_, "", positions);
    if (value) return setting.take(std::move(*value), at, std::move(positions));
    report_.errors.push_back({value.error().message});
    return;
  }
  Result<wire::Json> value = value_from_toml(setting, node);
  if (value) return setting.take(std::move(*value), at);
  report_.errors.push_back({at + ": " + value.error().message});
}

}  // namespace

void read_file(const std::string& file, SettingTable& table, ConfigReport& report) {
  const Result<std::string> text = file::read_input(file, kMaxFileBytes);
  if (!text) {
    report.errors.push_back({text.error().message});
    return;
  }
  const Result<TomlNode> root = parse_toml(*text, file);
  if (!root) {
    report.errors.push_back({root.error().message});
    return;
  }
  FileSource(file, table, report).read_table(*root, "");
}

std::vector<std::string> own_environment() {
  std::vector<std::string> entries;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    entries.emplace_back(*entry);
  }
  return entries;
}

void read_environment(std::string_view program, const std::vector<std::string>& environment,
                      SettingTable& table, ConfigReport& report) {
  const std::string prefix = environment_name(program, "");
  for (const std::string& entry : environment) {
    if (!entry.starts_with(prefix)) continue;
    const size_t equals = std::min(entry.find('='), entry.size());
    const std::string name = entry.substr(0, equals);
    Setting* setting = table.find_variable(program, name);
    if (setting == nullptr) {
      // No error: others set variables too, container managers for example one per service.
      report.warnings.push_back("environment variable " + name + " names no setting");
      continue;
    }
    Result<wire::Json> value =
        value_from_text(*setting, entry.substr(std::min(equals + 1, entry.size())));
    if (value) {
      setting->take(std::move(*value), "environment " + name);
    } else {
      report.errors.push_back({"environment " + name + ": " + value.error().message});
    }
  }
}

void read_command_line(const std::vector<std::pair<std::string, std::string>>& settings,
                       SettingTable& table, ConfigReport& report) {
  for (const auto& [key, text] : settings) {
    Setting* setting = table.find(key);
    if (setting == nullptr) {
      report.errors.push_back(
          {"command line: unknown key '" + key + "'" + table.suggest(key, false), true});
      continue;
    }
    Result<wire::Json> value = value_from_text(*setting, text);
    if (value) {
      setting->take(std::move(*value), "command line");
    } else {
      report.errors.push_back({"command line: " + value.error().message, true});
    }
  }
}

}  // namespace tandem::daemon

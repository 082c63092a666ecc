#include "daemon/config.h"

#include <algorithm>

#include "base/check.h"
#include "daemon/config_sources.h"
#include "daemon/setting_value.h"
#include "daemon/suggest.h"

namespace tandem::daemon {
namespace {

// Keys are equal for the environment where this is.
std::string capitals(std::string_view name) {
  std::string result;
  for (const char c : name) {
    result += c >= 'a' && c <= 'z'   ? static_cast<char>(c - 'a' + 'A')
              : c == '.' || c == '-' ? '_'
                                     : c;
  }
  return result;
}

std::string range_text(const Setting& setting) {
  const auto written = [&setting](int64_t value) {
    return setting.type() == SettingType::kDuration ? duration_text(value)
           : setting.type() == SettingType::kSize   ? size_text(value)
                                                    : std::to_string(value);
  };
  return " from " + written(setting.min()) + " to " + written(setting.max());
}

// Of a duration or size, where nobody wants to know that `no_limit` is the highest there is.
std::string bounds_text(const Setting& setting, int64_t no_limit) {
  if (setting.max() < no_limit) return range_text(setting);
  if (setting.min() <= 0) return "";
  return " of at least " + (setting.type() == SettingType::kDuration ? duration_text(setting.min())
                                                                     : size_text(setting.min()));
}

}  // namespace

const std::string& RawConfig::at(std::string_view path) const {
  while (!path.empty()) {
    const auto found = positions.find(std::string(path));
    if (found != positions.end()) return found->second;
    const size_t dot = path.rfind('.');
    path = path.substr(0, dot == std::string_view::npos ? 0 : dot);
  }
  return origin;
}

Setting& Setting::secret() {
  secret_ = true;
  return *this;
}
Setting& Setting::reloads() {
  reloads_ = true;
  return *this;
}
Setting& Setting::required() {
  required_ = true;
  return *this;
}
Setting& Setting::one_of(std::vector<std::string> choices) {
  CHECK(type_ == SettingType::kText || type_ == SettingType::kTextList);
  choices_ = std::move(choices);
  return *this;
}

Setting& Setting::checked_by(Check check) {
  CHECK(type_ == SettingType::kText || type_ == SettingType::kTextList);
  check_ = std::move(check);
  return *this;
}

std::string Setting::expectation() const {
  std::string words;
  for (const std::string& choice : choices_) words += (words.empty() ? "'" : ", '") + choice + "'";
  switch (type_) {
    case SettingType::kText:
      return words.empty() ? "a string" : "one of " + words;
    case SettingType::kInteger:
      return "an integer" + range_text(*this);
    case SettingType::kBoolean:
      return "true or false";
    case SettingType::kDuration:
      return "a duration such as \"250ms\", \"2s\" or \"1m\"" + bounds_text(*this, kMaxDurationMs);
    case SettingType::kSize:
      return "a size such as 4096, \"64KiB\" or \"1MiB\"" + bounds_text(*this, kMaxSize);
    case SettingType::kTextList:
      return words.empty() ? "a list of strings" : "a list of " + words;
    case SettingType::kIntegerList:
      return "a list of integers" + range_text(*this);
    case SettingType::kRaw:
      return "a table";
  }
  return "";
}

void Setting::take(wire::Json value, std::string origin,
                   std::map<std::string, std::string> positions) {
  value_ = std::move(value);
  origin_ = std::move(origin);
  positions_ = std::move(positions);
}

Setting& SettingTable::add(SettingType type, std::string key, std::string help, wire::Json value) {
  for (const Setting& other : settings_) {
    CHECK_MSG(capitals(other.key_) != capitals(key), "two settings with one name");
    CHECK_MSG(!other.key_.starts_with(key + ".") && !key.starts_with(other.key_ + "."),
              "a setting inside another");
  }
  Setting& setting = settings_.emplace_back();
  setting.key_ = std::move(key);
  setting.help_ = std::move(help);
  setting.type_ = type;
  setting.value_ = std::move(value);
  return setting;
}

Setting& SettingTable::text(std::string key, std::string& field, std::string help) {
  Setting& setting = add(SettingType::kText, std::move(key), std::move(help), field);
  setting.store_ = [&field](const Setting& from) { field = *from.value_.as_string(); };
  return setting;
}

Setting& SettingTable::boolean(std::string key, bool& field, std::string help) {
  Setting& setting = add(SettingType::kBoolean, std::move(key), std::move(help), field);
  setting.store_ = [&field](const Setting& from) { field = *from.value_.as_bool(); };
  return setting;
}

Setting& SettingTable::text_list(std::string key, std::vector<std::string>& field,
                                 std::string help) {
  wire::Json::Array items(field.begin(), field.end());
  Setting& setting = add(SettingType::kTextList, std::move(key), std::move(help), std::move(items));
  setting.store_ = [&field](const Setting& from) {
    field.clear();
    for (const wire::Json& item : *from.value_.as_array()) field.push_back(*item.as_string());
  };
  return setting;
}

Setting& SettingTable::integer_list(std::string key, std::vector<int64_t>& field, int64_t min,
                                    int64_t max, std::string help) {
  wire::Json::Array items(field.begin(), field.end());
  Setting& setting =
      add(SettingType::kIntegerList, std::move(key), std::move(help), std::move(items));
  setting.min_ = min;
  setting.max_ = max;
  setting.store_ = [&field](const Setting& from) {
    field.clear();
    for (const wire::Json& item : *from.value_.as_array()) field.push_back(*item.as_int());
  };
  return setting;
}

Setting& SettingTable::raw(std::string key, RawConfig& field, std::string help) {
  Setting& setting = add(SettingType::kRaw, std::move(key), std::move(help), field.value);
  setting.store_ = [&field](const Setting& from) {
    field.value = from.value_;
    field.origin = from.origin_;
    field.positions = from.positions_;
  };
  return setting;
}

Setting* SettingTable::find(std::string_view key) {
  for (Setting& setting : settings_) {
    if (setting.key_ == key) return &setting;
  }
  return nullptr;
}

const Setting* SettingTable::find(std::string_view key) const {
  for (const Setting& setting : settings_) {
    if (setting.key_ == key) return &setting;
  }
  return nullptr;
}

Setting* SettingTable::find_variable(std::string_view program, std::string_view name) {
  for (Setting& setting : settings_) {
    if (environment_name(program, setting.key_) == name) return &setting;
  }
  return nullptr;
}

bool SettingTable::is_group(std::string_view path) const {
  const std::string prefix = std::string(path) + ".";
  return std::any_of(settings_.begin(), settings_.end(), [&prefix](const Setting& setting) {
    return setting.key_.starts_with(prefix);
  });
}

std::string SettingTable::suggest(std::string_view key, bool table) const {
  std::vector<std::string> candidates;
  for (const Setting& setting : settings_) {
    if (!table || setting.type_ == SettingType::kRaw) candidates.push_back(setting.key_);
    if (!table) continue;
    for (size_t dot = setting.key_.find('.'); dot != std::string::npos;
         dot = setting.key_.find('.', dot + 1)) {
      candidates.push_back(setting.key_.substr(0, dot));
    }
  }
  return suggestion(key, candidates);
}

ConfigReport SettingTable::resolve(const ConfigSources& sources) {
  ConfigReport report;
  if (!sources.file.empty()) read_file(sources.file, *this, report);
  read_environment(sources.program, sources.environment, *this, report);
  read_command_line(sources.settings, *this, report);
  require(sources, report);
  if (report.errors.empty()) {
    for (const Setting& setting : settings_) setting.store_(setting);
  }
  return report;
}

void SettingTable::require(const ConfigSources& sources, ConfigReport& report) const {
  // Where something could not be read at all, what is missing may well be in there.
  if (!report.errors.empty()) return;
  for (const Setting& setting : settings_) {
    if (!setting.required_ || setting.origin_ != "default") continue;
    report.errors.push_back({(sources.file.empty() ? "" : sources.file + ": ") + "'" +
                             setting.key_ + "' is not set and has no default (also as " +
                             environment_name(sources.program, setting.key_) + " or --set " +
                             setting.key_ + "=...)"});
  }
}

std::string SettingTable::print() const {
  // Settings by their table, tables in the order of their first setting. Keys of no table come
  // first: in TOML they would else belong to the table above them.
  std::vector<std::pair<std::string, std::string>> tables = {{"", ""}};
  for (const Setting& setting : settings_) {
    const size_t dot = setting.key_.rfind('.');
    const bool bare = dot == std::string::npos;
    const std::string group = bare ? "" : setting.key_.substr(0, dot);
    auto table = std::find_if(tables.begin(), tables.end(),
                              [&group](const auto& t) { return t.first == group; });
    if (table == tables.end()) table = tables.insert(tables.end(), {group, ""});
    std::string& out = table->second;
    out += "# " + setting.help_ + "\n";
    const std::string name = bare ? setting.key_ : setting.key_.substr(dot + 1);
    if (setting.secret_) {
      out += "# " + name + " = \"********\"  # secret, " + setting.origin_ + "\n";
    } else if (setting.value_.is_null() || (setting.required_ && setting.origin_ == "default")) {
      out += "# " + name + " is not set\n";
    } else {
      out += name + " = " + value_to_toml(setting) + "  # " + setting.origin_ + "\n";
    }
  }
  std::string text;
  for (const auto& [group, body] : tables) {
    if (body.empty()) continue;
    if (!text.empty()) text += "\n";
    if (!group.empty()) text += "[" + group + "]\n";
    text += body;
  }
  return text;
}

std::vector<SettingTable::Change> SettingTable::keep_fixed(const SettingTable& in_force) {
  std::vector<Change> changes;
  for (Setting& setting : settings_) {
    const Setting* old = in_force.find(setting.key_);
    CHECK(old != nullptr);
    if (old->value_ == setting.value_) continue;
    changes.push_back({setting.key_, setting.reloads_});
    if (setting.reloads_) continue;
    setting.value_ = old->value_;
    setting.origin_ = old->origin_;
    setting.positions_ = old->positions_;
    setting.store_(setting);
  }
  return changes;
}

Status check_not_empty(const std::string& text) {
  if (!text.empty()) return {};
  return fail(ErrorKind::kConfig, "must not be empty");
}

std::string environment_name(std::string_view program, std::string_view key) {
  return capitals(program) + "_" + capitals(key);
}

}  // namespace tandem::daemon

// Settings: a table of typed keys bound to the fields of a plain struct, filled from, in this
// order of precedence, the command line, the environment, a TOML file and the struct's own initial
// values, which are the defaults. Every value remembers where it came from.
//
//   struct HttpConfig { std::string host = "127.0.0.1"; uint16_t port = 8080; };
//
//   void declare_http(HttpConfig& c, SettingTable& t) {
//     t.text("http.host", c.host, "address to listen on");
//     t.integer("http.port", c.port, 0, 65535, "port to listen on; 0 takes a free one");
//   }
//
// A program's function declares its own settings and calls those of the groups it uses. The struct
// must outlive the table, at the same address. The environment variable of a key is the program and
// the key in capitals: RS_ORCH_HTTP_PORT. Grammar of the file: TOML 1.0.
#pragma once

#include <concepts>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "wire/json.h"

namespace tandem::daemon {

inline constexpr int64_t kMaxDurationMs = int64_t{1} << 40;  // 34 years
inline constexpr int64_t kMaxSize = int64_t{1} << 50;        // 1 PiB

enum class SettingType {
  kText,
  kInteger,
  kBoolean,
  kDuration,
  kSize,
  kTextList,
  kIntegerList,
  kRaw,
};

// A subtree that the program reads by itself, with positions for its messages.
struct RawConfig {
  wire::Json value;    // an object, array or scalar; null where the key is not set
  std::string origin;  // "etc/orch.toml:12:1", "environment RS_ORCH_TABLES", "default"
  // "rides.columns.0" (a path below this subtree) to "etc/orch.toml:14:3".
  std::map<std::string, std::string> positions;

  // The position of that path or of its nearest parent that has one, else the origin.
  const std::string& at(std::string_view path) const;
};

class Setting {
 public:
  // Shown masked by --print-config and never logged.
  Setting& secret();
  // SIGHUP may change it. A change of any other setting is logged as needing a restart.
  Setting& reloads();
  // It has no default: an error where nothing sets it.
  Setting& required();
  // Text only: one of these.
  Setting& one_of(std::vector<std::string> choices);
  // Texts and lists of texts only: what the values or items that are given have to be besides, such
  // as the URL of a server. The error's message follows the key, in the file's or command line's
  // place: it says what is wrong with the value.
  using Check = std::function<Status(const std::string&)>;
  Setting& checked_by(Check check);

  const std::string& key() const { return key_; }
  const std::string& help() const { return help_; }
  SettingType type() const { return type_; }
  bool is_secret() const { return secret_; }
  const wire::Json& value() const { return value_; }
  const std::string& origin() const { return origin_; }
  int64_t min() const { return min_; }
  int64_t max() const { return max_; }
  const std::vector<std::string>& choices() const { return choices_; }
  const Check& check() const { return check_; }
  // "an integer from 0 to 65535", "a duration such as \"250ms\" or \"2s\"".
  std::string expectation() const;

  // For the sources (config_sources.h): a good value, which takes the place of the one before.
  // `positions`: of a kRaw one from a file.
  void take(wire::Json value, std::string origin,
            std::map<std::string, std::string> positions = {});

 private:
  friend class SettingTable;

  std::string key_;
  std::string help_;
  SettingType type_ = SettingType::kText;
  int64_t min_ = std::numeric_limits<int64_t>::min();
  int64_t max_ = std::numeric_limits<int64_t>::max();
  std::vector<std::string> choices_;
  Check check_;
  bool secret_ = false;
  bool reloads_ = false;
  bool required_ = false;

  wire::Json value_;  // the default first, then what the sources say
  std::string origin_ = "default";
  std::map<std::string, std::string> positions_;  // kRaw only
  std::function<void(const Setting&)> store_;     // writes value_ into the bound field
};

// Where values come from besides the defaults.
struct ConfigSources {
  std::string program;                                        // for the names of the variables
  std::string file;                                           // empty: there is none
  std::vector<std::pair<std::string, std::string>> settings;  // from the command line
  std::vector<std::string> environment;                       // "NAME=value", as environ(7)
};

// Of this process, as ConfigSources has it.
std::vector<std::string> own_environment();

struct ConfigProblem {
  std::string text;  // "etc/orch.toml:12:3: unknown key 'http.prot', did you mean …"
  bool from_command_line = false;  // then it is a usage error, not one of the configuration
};

struct ConfigReport {
  std::vector<ConfigProblem> errors;  // all of them, in the order of the file
  std::vector<std::string> warnings;  // a variable RS_ORCH_… that names no setting
};

class SettingTable {
 public:
  SettingTable() = default;
  SettingTable(const SettingTable&) = delete;
  SettingTable& operator=(const SettingTable&) = delete;

  Setting& text(std::string key, std::string& field, std::string help);
  Setting& boolean(std::string key, bool& field, std::string help);
  // In the environment and on the command line: separated by commas.
  Setting& text_list(std::string key, std::vector<std::string>& field, std::string help);
  // Likewise; the bounds are those of each element.
  Setting& integer_list(std::string key, std::vector<int64_t>& field, int64_t min, int64_t max,
                        std::string help);
  // Given to the program as it is, TOML turned into JSON; dates and times are refused. In the
  // environment and on the command line: JSON.
  Setting& raw(std::string key, RawConfig& field, std::string help);

  template <std::integral T>
  Setting& integer(std::string key, T& field, int64_t min, int64_t max, std::string help) {
    return number(SettingType::kInteger, std::move(key), field, min, max, std::move(help));
  }
  // "250ms", "2s", "1m", "3h". Negative ones are refused; a number without unit, which means
  // milliseconds, is for the file alone.
  template <std::integral T>
  Setting& duration_ms(std::string key, T& field, std::string help, int64_t min_ms = 0,
                       int64_t max_ms = kMaxDurationMs) {
    return number(SettingType::kDuration, std::move(key), field, min_ms, max_ms, std::move(help));
  }
  // Bytes: 4096, "64KiB", "1MiB", "2GiB".
  template <std::integral T>
  Setting& size(std::string key, T& field, std::string help, int64_t min = 0,
                int64_t max = kMaxSize) {
    return number(SettingType::kSize, std::move(key), field, min, max, std::move(help));
  }

  // Reads all sources, checks every value and, where there is no error at all, fills the fields.
  ConfigReport resolve(const ConfigSources& sources);

  // Valid TOML: every setting with its help above it and its origin behind it. A secret is a
  // comment with its value masked.
  std::string print() const;

  const std::deque<Setting>& settings() const { return settings_; }
  const Setting* find(std::string_view key) const;

  // --- for the sources ---
  Setting* find(std::string_view key);
  // Whose variable that is in the environment of the program.
  Setting* find_variable(std::string_view program, std::string_view name);
  // Whether there are settings below that path.
  bool is_group(std::string_view path) const;
  // ", did you mean …" for a key that is not there: groups and subtrees where a table was given,
  // else keys. May be empty.
  std::string suggest(std::string_view key, bool table) const;

  struct Change {
    std::string key;
    bool applied;  // false: it needs a restart
  };
  // For SIGHUP: compares with the table that is in force, and puts the old value back into every
  // field that must not change while the process runs.
  std::vector<Change> keep_fixed(const SettingTable& in_force);

 private:
  template <std::integral T>
  Setting& number(SettingType type, std::string key, T& field, int64_t min, int64_t max,
                  std::string help) {
    Setting& s =
        add(type, std::move(key), std::move(help), wire::Json(static_cast<int64_t>(field)));
    s.min_ = min;
    s.max_ = std::in_range<T>(max) ? max : static_cast<int64_t>(std::numeric_limits<T>::max());
    s.store_ = [&field](const Setting& from) { field = static_cast<T>(*from.value_.as_int()); };
    return s;
  }
  Setting& add(SettingType type, std::string key, std::string help, wire::Json value);
  void require(const ConfigSources& sources, ConfigReport& report) const;

  std::deque<Setting> settings_;  // a deque: references from the calls above stay good
};

// For checked_by(): any text but the empty one.
Status check_not_empty(const std::string& text);

// RS_ORCH_HTTP_PORT of "rs-orch" and "http.port".
std::string environment_name(std::string_view program, std::string_view key);

}  // namespace tandem::daemon

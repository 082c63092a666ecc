// The written forms of a setting's value: from text (environment, command line), from TOML, and
// back to TOML. A value is held as JSON: durations as milliseconds, sizes as bytes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "daemon/config.h"
#include "daemon/toml_file.h"

namespace tandem::daemon {

// "250ms", "2s", "1m", "3h", "0" as milliseconds; "4096", "64KiB", "1MiB", "2GiB" as bytes. Nothing
// where the text is something else, negative, or does not fit.
std::optional<int64_t> parse_duration(std::string_view text);
// What is missing in a duration without unit, which one person takes for seconds and another for
// milliseconds: "say the unit: 3s, 3ms". Empty where it is not that.
std::string missing_unit(std::string_view text);
std::optional<int64_t> parse_size(std::string_view text);
// The shortest form that gives the same value again: "2s", "1MiB".
std::string duration_text(int64_t ms);
std::string size_text(int64_t bytes);

// Fail with kConfig: "'http.port' must be an integer from 0 to 65535, not 'x'". The value of a
// secret is never part of the message.
Result<wire::Json> value_from_text(const Setting& setting, const std::string& text);
Result<wire::Json> value_from_toml(const Setting& setting, const TomlNode& node);

// A whole subtree as JSON, adding the position of each path below it. Fails with kConfig, with the
// position, for dates, times, infinities and values that are no number.
Result<wire::Json> raw_from_toml(const TomlNode& node, const std::string& file,
                                 const std::string& path,
                                 std::map<std::string, std::string>& positions);

// The value as TOML, on one line.
std::string value_to_toml(const Setting& setting);

}  // namespace tandem::daemon

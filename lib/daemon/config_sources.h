// Where the values of settings come from, besides their defaults: a TOML file, the environment, the
// command line. Each source finds its settings in the table, reads their values, and says of each
// where it came from; what cannot be read goes into the report, and changes nothing. Later ones
// take the place of earlier ones: config.h has their order.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/config.h"

namespace tandem::daemon {

// Every key of it has to be one of a setting, or of a group of settings.
void read_file(const std::string& file, SettingTable& table, ConfigReport& report);
// Of the variables ("NAME=value") those that begin with the program's name: RS_ORCH_HTTP_PORT.
void read_environment(std::string_view program, const std::vector<std::string>& environment,
                      SettingTable& table, ConfigReport& report);
// Keys with their values, as --set and other options gave them.
void read_command_line(const std::vector<std::pair<std::string, std::string>>& settings,
                       SettingTable& table, ConfigReport& report);

}  // namespace tandem::daemon

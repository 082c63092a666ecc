// What --help and `help` show, and what a usage error adds. Made of the table of commands; no line
// has more than 80 columns. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "command_line.h"

namespace tandem::client {

// "usage: rs-client users add [OPTION]... NAME [PASSWORD]", and a line for each other form.
std::string usage_of(const Command& command);

// The same by its name, of command_table(); "" where there is none.
std::string usage_of_command(std::string_view name);

std::string program_help(const std::vector<Command>& commands);
// All commands whose names begin with "GROUP ".
std::string group_help(const std::vector<Command>& commands, std::string_view group);
std::string command_help(const Command& command);

// All commands that begin with `prefix`, each with its arguments and its help.
std::string command_list(const std::vector<Command>& commands, std::string_view prefix);

}  // namespace tandem::client

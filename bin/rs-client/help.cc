#include "help.h"

#include <algorithm>

#include "commands.h"
#include "daemon/options.h"

namespace tandem::client {
namespace {

constexpr size_t kWidth = 80;
constexpr size_t kHelpColumn = 38;
constexpr const char* kUsage = "usage: ";

std::string group_of(const Command& command) {
  const size_t blank = command.name.find(' ');
  return blank == std::string::npos ? "" : command.name.substr(0, blank);
}

std::string entry(const Command& command) {
  std::string left = "  " + command.name;
  if (!command.arguments.empty()) left += " " + command.arguments;
  return daemon::help_line(left, command.help, kHelpColumn);
}

}  // namespace

std::string usage_of(const Command& command) {
  std::string text;
  std::string begin = kUsage;
  // "NAME [PASSWORD] | -" are two forms; "master|slave" is one.
  for (size_t at = 0; at <= command.arguments.size();) {
    const size_t end = std::min(command.arguments.find(" | ", at), command.arguments.size());
    const std::string form = command.arguments.substr(at, end - at);
    const std::string left = begin + "rs-client " + command.name + " [OPTION]...";
    const bool fits = left.size() + 1 + form.size() <= kWidth;
    text += form.empty() ? left : left + (fits ? " " : "\n         ") + form;
    text += "\n";
    begin.assign(begin.size(), ' ');
    at = end + 3;
  }
  return text;
}

std::string usage_of_command(std::string_view name) {
  for (const Command& command : command_table()) {
    if (command.name == name) return usage_of(command);
  }
  return "";
}

std::string program_help(const std::vector<Command>& commands) {
  std::string text = std::string(kUsage) + "rs-client [OPTION]... COMMAND [ARGUMENT]...\n";
  text += daemon::help_line("", kPurpose, 0);
  std::string group = "none yet";
  for (const Command& command : commands) {
    if (const std::string next = group_of(command); next != group) {
      group = next;
      text += "\n" + (group.empty() ? "others" : group) + ":\n";
    }
    text += entry(command);
  }
  text += "\noptions, before or after it:\n";
  for (const auto* options : {&general_options(), &daemon::basic_options()}) {
    for (const daemon::Option& option : *options) text += daemon::option_line(option);
  }
  return text + "\nThe options of one command: rs-client help COMMAND\n";
}

std::string group_help(const std::vector<Command>& commands, std::string_view group) {
  const std::string name(group);
  return std::string(kUsage) + "rs-client [OPTION]... " + name + " COMMAND [ARGUMENT]...\n\n" +
         command_list(commands, name + " ");
}

std::string command_help(const Command& command) {
  std::string text = usage_of(command) + daemon::help_line("", command.help, 0);
  if (!command.options.empty()) text += "\n";
  for (const daemon::Option& option : command.options) text += daemon::option_line(option);
  return text + "\nThe options of every command: rs-client --help\n";
}

std::string command_list(const std::vector<Command>& commands, std::string_view prefix) {
  std::string text;
  for (const Command& command : commands) {
    if (command.name.starts_with(prefix)) text += entry(command);
  }
  return text;
}

}  // namespace tandem::client

#include "daemon/completions.h"

#include <algorithm>

#include "command_line.h"

namespace tandem::client {
namespace {

// "master slave" of "master|slave"; "" where an operand can be anything.
std::string fixed_words(std::string words) {
  if (words.starts_with('[') && words.ends_with(']')) words = words.substr(1, words.size() - 2);
  const bool fixed = words.find_first_not_of("abcdefghijklmnopqrstuvwxyz-|") == std::string::npos;
  if (!fixed || words.empty() || words.front() == '-') return "";
  std::replace(words.begin(), words.end(), '|', ' ');
  return words;
}

}  // namespace

Result<std::string> completions_of(const std::vector<Command>& commands, std::string_view shell) {
  daemon::Completable program{"rs-client", general_options()};
  for (const daemon::Option& option : daemon::basic_options()) program.options.push_back(option);
  std::string groups;
  for (const Command& command : commands) {
    program.commands.push_back(
        {command.name, command.help, fixed_words(command.arguments), command.options});
    const std::string group = command.name.substr(0, command.name.find(' '));
    if ((" " + groups + " ").find(" " + group + " ") != std::string::npos) continue;
    groups += (groups.empty() ? "" : " ") + group;
  }
  program.commands.push_back({"help", "show all commands, a group or one command", groups});
  return daemon::completion_script(program, shell);
}

}  // namespace tandem::client

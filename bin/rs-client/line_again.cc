#include "line_again.h"

#include <algorithm>

#include "command_line.h"
#include "commands.h"

namespace tandem::client {
namespace {

bool is_plain(char c) {
  constexpr std::string_view kOthers = "_@%+=:,./-";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kOthers.find(c) != std::string_view::npos;
}

bool takes_value(const std::vector<daemon::Option>& options, std::string_view name) {
  const auto found = std::find_if(options.begin(), options.end(),
                                  [name](const daemon::Option& o) { return o.name == name; });
  return found != options.end() && !found->argument.empty();
}

bool option_takes_value(std::string_view command, std::string_view name) {
  for (const Command& each : command_table()) {
    if (each.name == command && takes_value(each.options, name)) return true;
  }
  return takes_value(general_options(), name);
}

}  // namespace

std::string shell_word(std::string_view text) {
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain)) return std::string(text);
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') {
      word += R"('\'')";
    } else {
      word += c;
    }
  }
  return word + "'";
}

std::string LineAgain::with_key(std::string_view key) const {
  std::string text = shell_word(program) + " --key " + shell_word(key);
  for (const auto& [name, value] : line.options) {
    if (name == "key") continue;
    text += " --" + name;
    if (option_takes_value(command, name)) text += " " + shell_word(value);
  }
  if (!command.empty()) text += " " + command;
  // After "--" nothing is taken for an option.
  const bool dashes = std::any_of(operands.begin(), operands.end(), [](const std::string& word) {
    return word.size() > 1 && word.front() == '-';
  });
  if (dashes) text += " --";
  for (const std::string& operand : operands) text += " " + shell_word(operand);
  return text;
}

}  // namespace tandem::client

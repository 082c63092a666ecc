#include <algorithm>
#include <map>
#include <set>

#include "command_line.h"

namespace tandem::client {
namespace {

using daemon::Option;

void append_word(std::string& words, std::string_view word) {
  if (!words.empty()) words += ' ';
  words += word;
}

std::string offer_of(const Option& option) {
  std::string offer = option.argument == "DIR" ? "-d" : "-f";
  if (option.argument != "FILE" && option.argument != "DIR") {
    if (option.argument.find('|') == std::string::npos) return "return";
    std::string words = option.argument;
    std::replace(words.begin(), words.end(), '|', ' ');
    offer = "-W '" + words + "'";
  }
  return "mapfile -t COMPREPLY < <(compgen " + offer + " -- \"$word\"); return";
}

// What may come next, by the words that were given so far: groups, commands, fixed operands.
std::map<std::string, std::string> next_words(const std::vector<Command>& commands) {
  std::map<std::string, std::string> next;
  std::set<std::string> groups;
  for (const Command& command : commands) {
    const size_t blank = command.name.find(' ');
    const std::string group = command.name.substr(0, blank);
    if (groups.insert(group).second) append_word(next[""], group);
    if (blank != std::string::npos) append_word(next[group], command.name.substr(blank + 1));
    std::string words = command.arguments;
    if (words.starts_with('[') && words.ends_with(']')) words = words.substr(1, words.size() - 2);
    const bool fixed = words.find_first_not_of("abcdefghijklmnopqrstuvwxyz-|") == std::string::npos;
    if (!fixed || words.empty() || words.front() == '-') continue;
    std::replace(words.begin(), words.end(), '|', ' ');
    next[command.name] = words;
  }
  return next;
}

}  // namespace

std::string bash_completions(const std::vector<Command>& commands) {
  std::vector<Option> all = general_options();
  for (const Option& option : daemon::basic_options()) all.push_back(option);
  for (const Command& command : commands) {
    all.insert(all.end(), command.options.begin(), command.options.end());
  }
  std::string names;
  std::string offers;
  std::string with_argument;
  for (const Option& option : all) {
    append_word(names, "--" + option.name);
    if (option.argument.empty()) continue;
    std::string pattern = "--" + option.name;
    if (option.letter != 0) pattern += std::string(" | -") + option.letter;
    offers += "    " + pattern + ") " + offer_of(option) + " ;;\n";
    with_argument += (with_argument.empty() ? "" : " | ") + pattern;
  }
  std::string words;
  for (const auto& [said, next] : next_words(commands)) {
    words += "    '" + said + "') words='" + next + "' ;;\n";
  }
  return "# bash completion of rs-client\n"
         "_rs_client() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} said='' words='' i\n"
         "  case ${COMP_WORDS[COMP_CWORD - 1]} in\n" +
         offers +
         "  esac\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    case ${COMP_WORDS[i]} in\n"
         "    " +
         with_argument +
         ") ((i++)) ;;\n"
         "    -*) ;;\n"
         "    *) said+=${said:+ }${COMP_WORDS[i]} ;;\n"
         "    esac\n"
         "  done\n"
         "  case $said in\n" +
         words +
         "  esac\n"
         "  [[ $word != -* ]] || words='" +
         names +
         "'\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
         "}\n"
         "complete -F _rs_client rs-client\n";
}

}  // namespace tandem::client

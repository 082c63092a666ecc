#include "daemon/completions.h"

#include <algorithm>
#include <map>
#include <set>

namespace tandem::daemon {
namespace {

using Command = Completable::Command;

// In single quotes, as all three shells read them; fish alone takes a backslash in them for one.
std::string quoted(std::string_view text, bool fish = false) {
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') {
      word += fish ? "\\'" : R"('\'')";
    } else if (c == '\\' && fish) {
      word += "\\\\";
    } else {
      word += c;
    }
  }
  return word + "'";
}

void append_word(std::string& words, std::string_view word) {
  if (!words.empty()) words += ' ';
  words += word;
}

std::string function_name(const Completable& program) {
  std::string name = "_" + program.program;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

bool takes_path(const Option& option) {
  return option.argument == "FILE" || option.argument == "DIR";
}

// "pretty tsv json", or "" where the argument can be anything.
std::string choices_of(const Option& option) {
  if (takes_path(option)) return "";
  const bool fixed =
      option.argument.find('|') != std::string::npos ||
      (!option.argument.empty() &&
       option.argument.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string::npos);
  if (!fixed) return "";
  std::string words = option.argument;
  std::replace(words.begin(), words.end(), '|', ' ');
  return words;
}

// "--format | -f", as a pattern of case.
std::string pattern_of(const Option& option) {
  std::string pattern = "--" + option.name;
  if (option.letter != 0) pattern += std::string(" | -") + option.letter;
  return pattern;
}

// A name may be an option of several commands; its argument is the same then.
std::vector<Option> distinct_options(const Completable& program) {
  std::vector<Option> all = program.options;
  for (const Command& command : program.commands) {
    all.insert(all.end(), command.options.begin(), command.options.end());
  }
  std::set<std::string> seen;
  std::erase_if(all, [&seen](const Option& option) { return !seen.insert(option.name).second; });
  return all;
}

std::string with_argument(const Completable& program) {
  std::string patterns;
  for (const Option& option : distinct_options(program)) {
    if (option.argument.empty()) continue;
    patterns += (patterns.empty() ? "" : " | ") + pattern_of(option);
  }
  return patterns;
}

struct Offer {
  std::string word;
  std::string help;
};

// What may come next, by the words that were given so far: groups, commands, fixed operands.
std::map<std::string, std::vector<Offer>> offers_of(const Completable& program) {
  std::map<std::string, std::vector<Offer>> offers;
  std::set<std::string> groups;
  for (const Command& command : program.commands) {
    const size_t blank = command.name.find(' ');
    const std::string group = command.name.substr(0, blank);
    if (groups.insert(group).second) {
      offers[""].push_back({group, blank == std::string::npos ? command.help : ""});
    }
    if (blank != std::string::npos) {
      offers[group].push_back({command.name.substr(blank + 1), command.help});
    }
    for (size_t begin = 0; begin < command.words.size();) {
      const size_t end = std::min(command.words.find(' ', begin), command.words.size());
      offers[command.name].push_back({command.words.substr(begin, end - begin), ""});
      begin = end + 1;
    }
  }
  return offers;
}

std::string bash_script(const Completable& program) {
  const std::string function = function_name(program);
  std::string arguments;
  for (const Option& option : distinct_options(program)) {
    if (option.argument.empty()) continue;
    const std::string choices = choices_of(option);
    arguments += "    " + pattern_of(option) + ") ";
    if (takes_path(option) || !choices.empty()) {
      const std::string how =
          choices.empty() ? (option.argument == "DIR" ? "-d" : "-f") : "-W " + quoted(choices);
      arguments += "mapfile -t COMPREPLY < <(compgen " + how + " -- \"$word\"); ";
    }
    arguments += "return ;;\n";
  }
  std::string words;
  for (const auto& [said, offers] : offers_of(program)) {
    std::string list;
    for (const Offer& offer : offers) append_word(list, offer.word);
    words += "    " + quoted(said) + ") words=" + quoted(list) + " ;;\n";
  }
  std::string options;
  for (const Option& option : program.options) append_word(options, "--" + option.name);
  std::string own;
  for (const Command& command : program.commands) {
    std::string list;
    for (const Option& option : command.options) append_word(list, "--" + option.name);
    if (list.empty()) continue;
    own += "    " + quoted(command.name) + "*) words+=" + quoted(" " + list) + " ;;\n";
  }
  return "# bash completion of " + program.program + "\n" + function +
         "() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} said='' words='' i\n"
         "  case ${COMP_WORDS[COMP_CWORD - 1]} in\n" +
         arguments +
         "  esac\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    case ${COMP_WORDS[i]} in\n"
         "    " +
         with_argument(program) +
         ") ((i++)) ;;\n"
         "    -*) ;;\n"
         "    *) said+=${said:+ }${COMP_WORDS[i]} ;;\n"
         "    esac\n"
         "  done\n"
         "  if [[ $word == -* ]]; then\n"
         "    words=" +
         quoted(options) +
         "\n"
         "    case $said in\n" +
         own +
         "    *) ;;\n"
         "    esac\n"
         "  else\n"
         "    case $said in\n" +
         words +
         "    *) ;;\n"
         "    esac\n"
         "  fi\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
         "}\n"
         "complete -F " +
         function + " " + program.program + "\n";
}

// An element of an array for zsh's _describe: a colon ends the word.
std::string described(const std::string& word, const std::string& help) {
  return quoted(help.empty() ? word : word + ":" + help);
}

std::string zsh_script(const Completable& program) {
  const std::string function = function_name(program);
  std::string arguments;
  for (const Option& option : distinct_options(program)) {
    if (option.argument.empty()) continue;
    const std::string choices = choices_of(option);
    const std::string files = option.argument == "DIR" ? "_files -/" : "_files";
    arguments += "    (" + pattern_of(option) + ") " +
                 (takes_path(option) ? files + "; "
                  : choices.empty()  ? ""
                                     : "compadd -- " + choices + "; ") +
                 "return ;;\n";
  }
  const auto list = [](const std::vector<Option>& options) {
    std::string text;
    for (const Option& option : options) {
      append_word(text, described("--" + option.name, option.help));
    }
    return text;
  };
  std::string own;
  for (const Command& command : program.commands) {
    if (command.options.empty()) continue;
    own += "    (" + quoted(command.name) + "*) options+=(" + list(command.options) + ") ;;\n";
  }
  std::string words;
  for (const auto& [said, offers] : offers_of(program)) {
    std::string text;
    for (const Offer& offer : offers) append_word(text, described(offer.word, offer.help));
    words += "    (" + quoted(said) + ") offers=(" + text + ") ;;\n";
  }
  return "#compdef " + program.program + "\n# zsh completion of " + program.program + "\n" +
         function +
         "() {\n"
         "  local -a offers options\n"
         "  local said='' i\n"
         "  case ${words[CURRENT-1]} in\n" +
         arguments +
         "  esac\n"
         "  for ((i = 2; i < CURRENT; i++)); do\n"
         "    case ${words[i]} in\n"
         "    (" +
         with_argument(program) +
         ") ((i++)) ;;\n"
         "    (-*) ;;\n"
         "    (*) said+=${said:+ }${words[i]} ;;\n"
         "    esac\n"
         "  done\n"
         "  options=(" +
         list(program.options) +
         ")\n"
         "  case $said in\n" +
         own +
         "  esac\n"
         "  case $said in\n" +
         words +
         "  esac\n"
         "  if [[ $PREFIX == -* ]]; then\n"
         "    _describe -o option options\n"
         "  elif (( $#offers )); then\n"
         "    _describe command offers\n"
         "  fi\n"
         "}\n"
         "if [[ ${funcstack[1]-} == " +
         function + " ]]; then\n  " + function + " \"$@\"\nelse\n  compdef " + function + " " +
         program.program + "\nfi\n";
}

std::string fish_option(const Completable& program, const Option& option,
                        const std::string& condition) {
  std::string line = "complete -c " + program.program + condition + " -l " + option.name;
  if (option.letter != 0) line += std::string(" -s ") + option.letter;
  const std::string choices = choices_of(option);
  if (takes_path(option)) {
    line += " -r -F";
  } else if (!choices.empty()) {
    line += " -x -a " + quoted(choices, true);
  } else if (!option.argument.empty()) {
    line += " -x";
  }
  return line + " -d " + quoted(option.help, true) + "\n";
}

std::string fish_script(const Completable& program) {
  const std::string function = "_" + function_name(program) + "_said";
  std::string takes = with_argument(program);
  takes.erase(std::remove(takes.begin(), takes.end(), '|'), takes.end());
  std::string text = "# fish completion of " + program.program + "\nfunction " + function +
                     "\n"
                     "  set -l said\n"
                     "  set -l skip 0\n"
                     "  for word in (commandline -opc)[2..-1]\n"
                     "    if test $skip = 1\n"
                     "      set skip 0\n"
                     "      continue\n"
                     "    end\n"
                     "    switch $word\n"
                     "      case " +
                     takes +
                     "\n"
                     "        set skip 1\n"
                     "      case '-*'\n"
                     "      case '*'\n"
                     "        set -a said $word\n"
                     "    end\n"
                     "  end\n"
                     "  string match -q -- $argv[1] \"$said\"\n"
                     "end\n"
                     "complete -c " +
                     program.program + " -f\n";
  const auto where = [&function](const std::string& said) {
    return " -n " + quoted(function + " " + quoted(said), true);
  };
  for (const Option& option : program.options) text += fish_option(program, option, "");
  for (const Command& command : program.commands) {
    for (const Option& option : command.options) {
      text += fish_option(program, option, where(command.name + "*"));
    }
  }
  for (const auto& [said, offers] : offers_of(program)) {
    for (const Offer& offer : offers) {
      text += "complete -c " + program.program + where(said) + " -a " + offer.word;
      if (!offer.help.empty()) text += " -d " + quoted(offer.help, true);
      text += "\n";
    }
  }
  return text;
}

}  // namespace

Result<std::string> completion_script(const Completable& program, std::string_view shell) {
  if (shell == "bash") return bash_script(program);
  if (shell == "zsh") return zsh_script(program);
  if (shell == "fish") return fish_script(program);
  return fail(ErrorKind::kUsage,
              "no completions for '" + std::string(shell) + "', only for bash, zsh and fish");
}

}  // namespace tandem::daemon

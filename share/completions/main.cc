// completions NAME SHELL: the completion script of a program that is no C++ program, made of its
// --help on standard input, in which a command is a line
//   "  up       start everything", or of two words
// and an option one such as
//   "  -d, --dir DIR          where it is". Runs while tandem is built; it is not installed.
#include <cstdio>
#include <iostream>
#include <regex>
#include <string>

#include "daemon/completions.h"

using namespace tandem;

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: completions NAME bash|zsh|fish <HELP\n", stderr);
    return static_cast<int>(ExitStatus::kUsage);
  }
  const std::regex option("^  (?:-([A-Za-z]), |    )--([a-z-]+)(?:[ =]([^ ]+))?  +(.*)$");
  const std::regex command("^  ([a-z]+(?: [a-z]+)?)(?: [^ ]+)*  +(.*)$");
  daemon::Completable program{argv[1], {}};
  std::smatch part;
  for (std::string line; std::getline(std::cin, line);) {
    if (std::regex_match(line, part, option)) {
      const char letter = part[1].matched ? *part[1].first : '\0';
      program.options.push_back({part[2], letter, part[3], part[4]});
    } else if (std::regex_match(line, part, command)) {
      program.commands.push_back({part[1], part[2], ""});
    }
  }
  const auto script = daemon::completion_script(program, argv[2]);
  if (!script || program.options.empty() || program.commands.empty()) {
    std::fputs(script ? "completions: no options or no commands on standard input\n"
                      : (script.error().message + "\n").c_str(),
               stderr);
    return static_cast<int>(ExitStatus::kUsage);
  }
  return daemon::write_stdout(*script) ? 0 : static_cast<int>(ExitStatus::kIo);
}

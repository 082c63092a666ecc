// Completion scripts for bash(1), zsh(1) and fish(1), made of what a program knows about itself.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "daemon/options.h"

namespace tandem::daemon {

// The argument of an option is completed by its name: FILE and DIR by files, "a|b" by these words.
struct Completable {
  struct Command {
    std::string name;                  // one word, or two: "users add"
    std::string help;                  // one line
    std::string words;                 // what may follow it, with blanks between; empty: anything
    std::vector<Option> options = {};  // its own
  };

  std::string program;
  std::vector<Option> options;  // of every command
  std::vector<Command> commands = {};
};

// Fails with kUsage for another shell than "bash", "zsh" and "fish".
Result<std::string> completion_script(const Completable& program, std::string_view shell);

}  // namespace tandem::daemon

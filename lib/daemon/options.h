// The command line: one table of options per program, from which come parsing (getopt_long(3)),
// the text of --help, shell completions and what the lint test compares with the manual page.
//
// Pure but for getopt's globals: nothing here prints or ends the process; Daemon does.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tandem::daemon {

struct Option {
  std::string name;           // "config" is given as --config
  char letter = 0;            // 'c' is given as -c; 0: there is only the long name
  std::string argument = {};  // "FILE", as --help shows it; empty: the option takes none
  std::string help = {};      // one line, lower case, no full stop
  std::string key = {};       // not empty: --NAME VALUE is short for --set KEY=VALUE
};

struct Program {
  std::string name;                  // "rs-orch"
  std::string purpose;               // "start, watch and scale the replicas of the database"
  std::vector<Option> options = {};  // its own; the common ones come on top
  std::string operands = {};  // "COMMAND [ARGUMENT]…"; empty: a word that is no option is an error
};

// --help, --version, --completions: every program has them.
const std::vector<Option>& basic_options();
// --config, --check, --print-config, --set, --log-level, --log-format: every daemon has them too.
const std::vector<Option>& daemon_options();

struct CommandLine {
  std::vector<std::pair<std::string, std::string>> options;   // long name, value; in their order
  std::vector<std::pair<std::string, std::string>> settings;  // key, value: --set and its aliases
  std::vector<std::string> operands;                          // what follows the first of them too

  bool has(std::string_view name) const;
  // The value given last, or nullptr.
  const std::string* value(std::string_view name) const;
};

// Fails with kUsage: "unknown option '--prot'", "option '--config' needs a FILE", "unexpected
// argument 'x'", "'--set port' is not KEY=VALUE". Parsing stops at the first operand.
Result<CommandLine> parse_options(const Program& program, const std::vector<Option>& common,
                                  int argc, char* const* argv);

// One entry per option, each of this form, so that a script can read it:
//   "  -c, --config FILE          read settings from FILE"
// No line has more than 80 columns; what a line has no room for stands below it, further in.
std::string help_text(const Program& program, const std::vector<Option>& common);

// One such entry.
std::string option_line(const Option& option);
// `left`, and from that column on the help; both may take more than a line.
std::string help_line(std::string_view left, std::string_view help, size_t column);

// A script for bash(1), zsh(1) or fish(1). Fails with kUsage for any other shell.
Result<std::string> completions(const Program& program, const std::vector<Option>& common,
                                std::string_view shell);

// "rs-orch 0.1.0", then commit, compiler and the libraries that this process is linked to.
std::string version_text(std::string_view program);

// Writes all of `text` to stdout. False, with errno set, where that failed: a full disk behind
// `--print-config >file` must not look like success.
bool write_stdout(std::string_view text);

}  // namespace tandem::daemon

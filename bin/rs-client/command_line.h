// The command line of rs-client: general options, a command of the table, its own options and its
// operands. Options may stand before, between and after operands; what follows "--" is an operand.
// Pure but for getopt's globals, as daemon/options.h.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/exit_status.h"
#include "base/result.h"
#include "daemon/options.h"

namespace tandem::client {

struct Session;

struct Arguments {
  std::vector<std::string> operands;
  daemon::CommandLine line;  // every option that was given, general ones too

  // The value of an option, or "" where it was not given.
  std::string value(std::string_view option) const;
};

// One row of the table of commands (commands.h).
struct Command {
  std::string name;       // "users add"
  std::string arguments;  // "NAME [PASSWORD] | -"
  std::string help;       // one line, lower case, no full stop
  size_t min_operands = 0;
  size_t max_operands = 0;
  ExitStatus (*run)(Session&, const Arguments&) = nullptr;
  std::vector<daemon::Option> options = {};
};

struct Invocation {
  // One of the table. nullptr: --help, --version, --completions, --check or --print-config alone.
  const Command* command = nullptr;
  std::string help;  // not empty: --help was given; its text
  Arguments arguments;
};

// Those that every command takes.
const std::vector<daemon::Option>& general_options();

// What the program is for, in one line.
inline constexpr std::string_view kPurpose =
    "use the ride-share application, the database service behind it and the toy store";

// Fails with kUsage: "unknown command 'users ad', did you mean 'users add'?", "'rides show' needs
// ID", and what daemon::parse_options says. `usage` gets the lines that tell how to use what was
// recognized: the program, a group, a command.
Result<Invocation> parse_command_line(const std::vector<Command>& commands, int argc,
                                      const char* const* argv, std::string* usage = nullptr);

// A completion script that knows commands, options and their values (daemon/completions.h).
Result<std::string> completions_of(const std::vector<Command>& commands, std::string_view shell);

}  // namespace tandem::client

#include "command_line.h"

#include <algorithm>
#include <iterator>

#include "daemon/suggest.h"
#include "help.h"

namespace tandem::client {
namespace {

using daemon::CommandLine;
using daemon::Option;
using daemon::Program;

constexpr std::string_view kProgram = "rs-client";

bool is_option(std::string_view word) { return word.size() > 1 && word.front() == '-'; }

// The command of that name, or nullptr.
const Command* find_command(const std::vector<Command>& commands, std::string_view name) {
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [name](const Command& c) { return c.name == name; });
  return found == commands.end() ? nullptr : &*found;
}

// Reads options in front of words, adding them to `line`; gives the words from the first operand
// on.
Result<std::vector<std::string>> take_options(const Program& program,
                                              const std::vector<std::string>& words,
                                              CommandLine& line) {
  std::string name = program.name;
  std::vector<std::string> copies = words;
  std::vector<char*> argv = {name.data()};
  for (std::string& word : copies) argv.push_back(word.data());
  const int argc = static_cast<int>(argv.size());
  argv.push_back(nullptr);
  auto parsed = daemon::parse_options(program, general_options(), argc, argv.data());
  if (!parsed) return fail(parsed.error());
  std::move(parsed->options.begin(), parsed->options.end(), std::back_inserter(line.options));
  std::move(parsed->settings.begin(), parsed->settings.end(), std::back_inserter(line.settings));
  return std::move(parsed->operands);
}

Error unknown_command(const std::vector<Command>& commands, const std::string& word,
                      const std::string& next) {
  std::vector<std::string> groups;
  std::vector<std::string> names;
  for (const Command& command : commands) {
    groups.push_back(command.name.substr(0, command.name.find(' ')));
    if (command.name.starts_with(word + " ")) names.push_back(command.name);
  }
  if (names.empty()) {
    return {ErrorKind::kUsage, "unknown command '" + word + "'" + daemon::suggestion(word, groups)};
  }
  if (!next.empty() && !is_option(next)) {
    const std::string both = word + " " + next;
    return {ErrorKind::kUsage, "unknown command '" + both + "'" + daemon::suggestion(both, names)};
  }
  std::string message = "which one?";
  for (const std::string& name : names) message += " '" + name + "'";
  return {ErrorKind::kUsage, "'" + word + "' alone is no command; " + message};
}

Status check_operands(const Command& command, const std::vector<std::string>& operands) {
  if (operands.size() < command.min_operands) {
    return fail(ErrorKind::kUsage, "'" + command.name + "' needs " + command.arguments);
  }
  // "-" stands for all that a command would be told about one thing.
  const bool lines = !operands.empty() && operands.front() == "-";
  const size_t most = lines ? std::min<size_t>(command.max_operands, 1) : command.max_operands;
  if (operands.size() > most) {
    return fail(ErrorKind::kUsage,
                "unexpected argument '" + operands[most] + "' of '" + command.name + "'");
  }
  return {};
}

Status parse_command(const Command& command, std::vector<std::string> words,
                     Invocation& invocation) {
  const auto divider = std::find(words.begin(), words.end(), "--");
  std::vector<std::string> after;
  if (divider != words.end()) after.assign(divider + 1, words.end());
  words.erase(divider, words.end());

  const Program program{std::string(kProgram) + " " + command.name, command.help, command.options,
                        command.arguments.empty() ? "[]" : command.arguments};
  Arguments& arguments = invocation.arguments;
  while (!words.empty()) {
    auto rest = take_options(program, words, arguments.line);
    if (!rest) return fail(rest.error());
    words = std::move(*rest);
    if (words.empty()) break;
    arguments.operands.push_back(words.front());
    words.erase(words.begin());
  }
  std::move(after.begin(), after.end(), std::back_inserter(arguments.operands));
  if (arguments.line.has("help")) {
    invocation.help = command_help(command);
    return {};
  }
  return check_operands(command, arguments.operands);
}

// What `help WORD...` shows.
Result<std::string> help_about(const std::vector<Command>& commands,
                               const std::vector<std::string>& words) {
  if (words.empty()) return program_help(commands);
  const std::string second = words.size() > 1 ? words[1] : "";
  const Command* command = find_command(commands, words[0] + " " + second);
  if (command == nullptr) command = find_command(commands, words[0]);
  if (command != nullptr) return command_help(*command);
  const bool known_group = !command_list(commands, words[0] + " ").empty();
  if (known_group && second.empty()) return group_help(commands, words[0]);
  return fail(unknown_command(commands, words[0], second));
}

}  // namespace

std::string Arguments::value(std::string_view option) const {
  const std::string* given = line.value(option);
  return given == nullptr ? "" : *given;
}

const std::vector<Option>& general_options() {
  static const std::vector<Option> options = {
      {"users-url", 'u', "URL", "where rs-users answers", "users.url"},
      {"rides-url", 'r', "URL", "where rs-rides answers", "rides.url"},
      {"orch-url", 'o', "URL", "where rs-orch answers", "orch.url"},
      {"store-url", 'S', "URL", "where ts-front answers", "store.url"},
      {"timeout", 't', "TIME", "how long a request may take, retries included: 500ms, 10s",
       "request.timeout"},
      {"concurrency", 'j', "N", "requests at a time with lines from standard input",
       "request.concurrency"},
      {"format", 'f', "pretty|tsv|json", "how data is printed", "output.format"},
      {"consistency", 0, "linearizable|session|eventual", "of reads", "request.consistency"},
      {"db-index", 0, "INDEX", "the index that a session read must have seen", ""},
      {"key", 'k', "KEY", "idempotency key of a write; with lines, KEY:LINE of each", ""},
      {"verbose", 'v', "", "show each request on standard error", ""},
      {"config", 'c', "FILE", "read settings from FILE", ""},
      {"set", 's', "KEY=VALUE", "set KEY, before environment and file; may be repeated", ""},
      {"check", 'n', "", "check the configuration and exit", ""},
      {"print-config", 0, "", "show every setting with its origin, as TOML, and exit", ""}};
  return options;
}

Result<Invocation> parse_command_line(const std::vector<Command>& commands, int argc,
                                      const char* const* argv, std::string* usage) {
  std::string unwanted;
  std::string& right = usage != nullptr ? *usage : unwanted;
  right = "usage: rs-client [OPTION]... COMMAND [ARGUMENT]...\n";
  const Program program{std::string(kProgram), std::string(kPurpose), {}, "COMMAND [ARGUMENT]..."};
  Invocation invocation;
  CommandLine& line = invocation.arguments.line;
  auto words = take_options(program, {argv + 1, argv + argc}, line);
  if (!words) return fail(words.error());
  if (line.has("help")) {
    invocation.help = program_help(commands);
    return invocation;
  }
  if (words->empty()) {
    for (const char* alone : {"version", "completions", "check", "print-config"}) {
      if (line.has(alone)) return invocation;
    }
    return fail(ErrorKind::kUsage, "no command given");
  }
  if (words->front() == "help") {
    words->erase(words->begin());
    auto help = help_about(commands, *words);
    if (!help) return fail(help.error());
    invocation.help = std::move(*help);
    return invocation;
  }
  const std::string first = words->front();
  const std::string second = words->size() > 1 ? (*words)[1] : "";
  size_t used = 2;
  invocation.command = find_command(commands, first + " " + second);
  if (invocation.command == nullptr) {
    invocation.command = find_command(commands, first);
    used = 1;
  }
  if (invocation.command == nullptr) {
    const bool known_group = !command_list(commands, first + " ").empty();
    if (known_group && (second == "--help" || second == "-h")) {
      invocation.help = group_help(commands, first);
      return invocation;
    }
    if (known_group) right = group_help(commands, first);
    return fail(unknown_command(commands, first, second));
  }
  words->erase(words->begin(), words->begin() + static_cast<ptrdiff_t>(used));
  right = usage_of(*invocation.command);
  const Status parsed = parse_command(*invocation.command, std::move(*words), invocation);
  if (!parsed) return fail(parsed.error());
  return invocation;
}

}  // namespace tandem::client

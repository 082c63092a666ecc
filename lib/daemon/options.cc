#include "daemon/options.h"

#include <getopt.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "daemon/completions.h"
#include "daemon/suggest.h"

namespace tandem::daemon {
namespace {

constexpr size_t kHelpWidth = 80;    // of a terminal that nobody has made wider
constexpr int kFirstLongOnly = 256;  // above every letter, as getopt_long's return value

std::vector<Option> all_options(const Program& program, const std::vector<Option>& common) {
  std::vector<Option> all = program.options;
  all.insert(all.end(), common.begin(), common.end());
  all.insert(all.end(), basic_options().begin(), basic_options().end());
  return all;
}

// The tables that getopt_long(3) wants; they point into the options.
struct GetoptTables {
  std::string letters = "+:";  // stop at the first operand, tell a missing argument apart
  std::vector<::option> names;

  explicit GetoptTables(const std::vector<Option>& options) {
    for (size_t i = 0; i < options.size(); ++i) {
      const Option& o = options[i];
      const int takes = o.argument.empty() ? no_argument : required_argument;
      names.push_back({o.name.c_str(), takes, nullptr, kFirstLongOnly + static_cast<int>(i)});
      if (o.letter == 0) continue;
      letters += o.letter;
      if (takes == required_argument) letters += ':';
    }
    names.push_back({nullptr, 0, nullptr, 0});
  }
};

const Option* option_of(const std::vector<Option>& options, int code) {
  if (code >= kFirstLongOnly) return &options[static_cast<size_t>(code - kFirstLongOnly)];
  for (const Option& o : options) {
    if (o.letter != 0 && o.letter == code) return &o;
  }
  return nullptr;
}

tl::unexpected<Error> unknown_option(const std::vector<Option>& options, const std::string& word) {
  if (optopt != 0 && optopt < kFirstLongOnly) {
    return fail(ErrorKind::kUsage,
                std::string("unknown option '-") + static_cast<char>(optopt) + "'");
  }
  const std::string given = word.substr(0, word.find('='));
  if (optopt != 0) return fail(ErrorKind::kUsage, "option '" + given + "' takes no argument");
  std::vector<std::string> names;
  std::string matches;
  for (const Option& o : options) {
    names.push_back("--" + o.name);
    if (names.back().starts_with(given)) matches += " " + names.back();
  }
  if (!matches.empty()) {
    return fail(ErrorKind::kUsage, "option '" + given + "' is ambiguous:" + matches);
  }
  return fail(ErrorKind::kUsage, "unknown option '" + given + "'" + suggestion(given, names));
}

Status take_option(CommandLine& line, const Option& option, const char* argument) {
  const std::string value = argument == nullptr ? "" : argument;
  line.options.emplace_back(option.name, value);
  if (!option.key.empty()) {
    line.settings.emplace_back(option.key, option.argument.empty() ? "true" : value);
  } else if (option.name == "set") {
    const size_t equals = value.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(ErrorKind::kUsage, "'--set " + value + "' is not KEY=VALUE");
    }
    line.settings.emplace_back(value.substr(0, equals), value.substr(equals + 1));
  }
  return {};
}

}  // namespace

const std::vector<Option>& basic_options() {
  static const std::vector<Option> options = {
      {"help", 'h', "", "show this text and exit", ""},
      {"version", 'V', "", "show version, commit, compiler and libraries and exit", ""},
      {"completions", 0, "bash|zsh|fish", "show a completion script and exit", ""}};
  return options;
}

const std::vector<Option>& daemon_options() {
  static const std::vector<Option> options = {
      {"config", 'c', "FILE", "read settings from FILE", ""},
      {"set", 's', "KEY=VALUE", "set KEY, before environment and file; may be repeated", ""},
      {"check", 'n', "", "check the configuration and exit; never binds a port", ""},
      {"print-config", 0, "", "show every setting with its origin, as TOML, and exit", ""},
      {"log-level", 0, "debug|info|warning|error", "log what is at least as grave", "log.level"},
      {"log-format", 0, "auto|text|json|journal", "how a log line looks", "log.format"}};
  return options;
}

bool CommandLine::has(std::string_view name) const { return value(name) != nullptr; }

const std::string* CommandLine::value(std::string_view name) const {
  const std::string* last = nullptr;
  for (const auto& [option, text] : options) {
    if (option == name) last = &text;
  }
  return last;
}

Result<CommandLine> parse_options(const Program& program, const std::vector<Option>& common,
                                  int argc, char* const* argv) {
  const std::vector<Option> options = all_options(program, common);
  const GetoptTables tables(options);
  CommandLine line;
  opterr = 0;
  optind = 0;  // glibc: start anew, even after an earlier command line
  while (true) {
    // The word that this step looks at; getopt_long moves past it. 0 stands for "at the start".
    const int at = optind == 0 ? 1 : optind;
    const int code = getopt_long(argc, argv, tables.letters.c_str(), tables.names.data(), nullptr);
    if (code == -1) break;
    if (code == '?') return unknown_option(options, argv[at]);
    if (code == ':') {
      return fail(ErrorKind::kUsage, "option '" + std::string(argv[at]) + "' needs " +
                                         option_of(options, optopt)->argument);
    }
    if (Status taken = take_option(line, *option_of(options, code), optarg); !taken) {
      return fail(taken.error());
    }
  }
  for (int i = optind; i < argc; ++i) line.operands.emplace_back(argv[i]);
  // --help and --version work whatever else there is.
  if (program.operands.empty() && !line.operands.empty()) {
    return fail(ErrorKind::kUsage, "unexpected argument '" + line.operands.front() + "'");
  }
  return line;
}

std::string help_line(std::string_view left, std::string_view help, size_t column) {
  std::string text;
  std::string line(left);
  line.resize(std::max(left.empty() ? 0 : left.size() + 2, column), ' ');
  const auto end_line = [&] {
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
    line.assign(column, ' ');
  };
  if (line.size() > column && line.size() + help.size() > kHelpWidth) end_line();
  for (size_t begin = 0; begin < help.size();) {
    const size_t end = std::min(help.find(' ', begin), help.size());
    const bool first = line.empty() || line.back() == ' ';
    if (!first && line.size() + 1 + end - begin > kHelpWidth) end_line();
    if (!line.empty() && line.back() != ' ') line += ' ';
    line += help.substr(begin, end - begin);
    begin = end + 1;
  }
  end_line();
  return text;
}

std::string option_line(const Option& o) {
  constexpr size_t kHelpColumn = 30;
  std::string left = o.letter == 0 ? "      " : std::string("  -") + o.letter + ", ";
  left += "--" + o.name;
  if (!o.argument.empty()) left += " " + o.argument;
  return help_line(left, o.help, kHelpColumn);
}

std::string help_text(const Program& program, const std::vector<Option>& common) {
  std::string text = "usage: " + program.name + " [OPTION]...";
  if (!program.operands.empty()) text += " " + program.operands;
  text += "\n" + help_line("", program.purpose, 0) + "\n";
  for (const Option& o : all_options(program, common)) text += option_line(o);
  return text;
}

Result<std::string> completions(const Program& program, const std::vector<Option>& common,
                                std::string_view shell) {
  return completion_script({program.name, all_options(program, common)}, shell);
}

bool write_stdout(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace tandem::daemon

#include "startup.h"

#include <algorithm>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <string>

#include "base/exit_status.h"
#include "base/log.h"
#include "base/number.h"
#include "client_file.h"
#include "console.h"
#include "daemon/standard_descriptors.h"
#include "help.h"
#include "loop/descriptor_limit.h"
#include "loop/thread_room.h"
#include "output.h"

namespace tandem::client {
namespace {

constexpr const char* kName = "rs-client";
// For its loop and a connection; and libuv's threads, and one that looks up a name.
constexpr size_t kLeastDescriptors = 20;
constexpr size_t kThreads = 5;

[[noreturn]] void exit_with(ExitStatus status) { std::exit(static_cast<int>(status)); }

[[noreturn]] void exit_usage(const std::string& message, const std::string& usage) {
  Console console(false);
  console.say(message);
  console.show(usage);
  exit_with(ExitStatus::kUsage);
}

[[noreturn]] void exit_after_printing(const std::string& text) {
  Output output("tsv");
  output.write(text);
  output.flush();
  exit_with(ExitStatus::kOk);
}

// The file that was named, else the one that tandem(1) has written.
std::string settings_file(const Arguments& arguments) {
  if (arguments.line.has("config")) return arguments.value("config");
  const char* directory = std::getenv("TANDEM_DIR");
  return find_client_file(directory != nullptr ? directory : "",
                          [](const std::string& text) { Console(false).say(text); });
}

void note_url_origins(const daemon::SettingTable& table, Settings& settings) {
  settings.url_origins = {{settings.users_url, table.find("users.url")->origin()},
                          {settings.rides_url, table.find("rides.url")->origin()},
                          {settings.orch_url, table.find("orch.url")->origin()},
                          {settings.store_url, table.find("store.url")->origin()}};
}

[[noreturn]] void exit_bad_settings(const std::vector<daemon::ConfigProblem>& problems,
                                    const Command* command) {
  Console console(false);
  for (const daemon::ConfigProblem& problem : problems) console.say(problem.text);
  const bool only_usage =
      std::all_of(problems.begin(), problems.end(),
                  [](const daemon::ConfigProblem& problem) { return problem.from_command_line; });
  if (only_usage && command != nullptr) console.show(usage_of(*command));
  exit_with(only_usage ? ExitStatus::kUsage : ExitStatus::kConfig);
}

// What stands on the command line alone.
void take_choices(const Invocation& invocation, Settings& settings) {
  const Arguments& arguments = invocation.arguments;
  const std::string usage = usage_of(*invocation.command);
  settings.verbose = arguments.line.has("verbose");
  settings.key = arguments.value("key");
  settings.db_index = arguments.value("db-index");
  if (arguments.line.has("db-index") && !are_digits(settings.db_index)) {
    exit_usage("'--db-index " + settings.db_index + "' is no index", usage);
  }
  const bool bad_key = std::any_of(settings.key.begin(), settings.key.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == 0x7f;
  });
  if (arguments.line.has("key") && (settings.key.empty() || bad_key)) {
    exit_usage("'--key' wants a text without control characters", usage);
  }
}

}  // namespace

void prepare_process() {
  daemon::fill_standard_descriptors();
  log::configure(kName, log::Level::kWarning, log::Format::kText);
  // A connection that breaks while something is sent is an error to report, not the end.
  std::signal(SIGPIPE, SIG_IGN);
  // For the widths of characters in tables; the texts are UTF-8 whatever the locale says.
  std::setlocale(LC_CTYPE, "C.UTF-8");
}

Invocation parse_or_exit(const std::vector<Command>& commands, int argc, char** argv) {
  std::string usage;
  Result<Invocation> invocation = parse_command_line(commands, argc, argv, &usage);
  if (!invocation) exit_usage(invocation.error().message, usage);
  if (!invocation->help.empty()) exit_after_printing(invocation->help);
  const Arguments& arguments = invocation->arguments;
  if (arguments.line.has("version")) exit_after_printing(daemon::version_text(kName));
  if (arguments.line.has("completions")) {
    const auto script = completions_of(commands, arguments.value("completions"));
    if (!script) exit_usage(script.error().message, usage);
    exit_after_printing(*script);
  }
  return std::move(*invocation);
}

void need_room_or_exit() {
  Status room = loop::check_descriptor_limit(kLeastDescriptors);
  if (room) room = loop::check_thread_room(kThreads);
  if (room) return;
  Console(false).say(room.error().message);
  exit_with(exit_status_of(room.error().kind));
}

Settings load_settings_or_exit(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  Settings settings;
  daemon::SettingTable table;
  declare_settings(settings, table);
  daemon::ConfigSources sources;
  sources.program = kName;
  sources.file = settings_file(arguments);
  sources.settings = arguments.line.settings;
  sources.environment = daemon::own_environment();
  const daemon::ConfigReport report = table.resolve(sources);
  if (!report.errors.empty()) exit_bad_settings(report.errors, invocation.command);
  for (const std::string& warning : report.warnings) Console(false).say(warning);
  if (arguments.line.has("print-config")) exit_after_printing(table.print());
  complete_urls(settings);
  if (arguments.line.has("check")) {
    Console(false).say("the configuration is fine");
    exit_with(ExitStatus::kOk);
  }
  settings.timeout_given = table.find("request.timeout")->origin() != "default";
  settings.store_given = table.find("store.url")->origin() != "default";
  note_url_origins(table, settings);
  take_choices(invocation, settings);
  return settings;
}

}  // namespace tandem::client

#include "daemon/daemon.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "daemon/memory.h"
#include "daemon/run.h"
#include "daemon/standard_descriptors.h"
#include "loop/descriptor_limit.h"

namespace tandem::daemon {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;

const std::vector<std::string>& log_levels() {
  static const std::vector<std::string> names = {"debug", "info", "warning", "error"};
  return names;
}

log::Level level_of(const std::string& name) {
  const auto found = std::find(log_levels().begin(), log_levels().end(), name);
  CHECK(found != log_levels().end());
  return static_cast<log::Level>(found - log_levels().begin());
}

log::Format format_of(const std::string& name) {
  if (name == "json") return log::Format::kJson;
  if (name == "journal") return log::Format::kJournal;
  return name == "text" ? log::Format::kText : log::detect_format();
}

void write_stderr(const std::string& text) {
  // Where stderr cannot be written there is nobody left to tell.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

[[noreturn]] void exit_with(ExitStatus status) { std::exit(static_cast<int>(status)); }

[[noreturn]] void exit_usage(const std::string& program, const std::string& message) {
  write_stderr(program + ": " + message + "\ntry '" + program + " --help'\n");
  exit_with(ExitStatus::kUsage);
}

[[noreturn]] void exit_after_printing(const std::string& program, std::string_view text) {
  if (write_stdout(text)) exit_with(ExitStatus::kOk);
  write_stderr(program + ": cannot write to stdout: " + std::strerror(errno) + "\n");
  exit_with(ExitStatus::kIo);
}

// Until the loop reads signals, from a signalfd, TERM and INT end the process at once: nothing has
// begun that would have to be finished, and whatever takes long before can be stopped. A HUP waits.
// uv_spawn gives children an empty mask and default dispositions again.
void prepare_signals() {
  for (const int number : {SIGTERM, SIGINT}) {
    CHECK(std::signal(number, [](int) { _exit(static_cast<int>(ExitStatus::kOk)); }) != SIG_ERR);
  }
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  CHECK(std::signal(SIGPIPE, SIG_IGN) != SIG_ERR);
}

// The status of a configuration whose files or references are wrong.
ExitStatus check_status(ErrorKind kind) {
  const bool in_the_file = kind == ErrorKind::kNotFound || kind == ErrorKind::kConflict;
  return in_the_file ? ExitStatus::kConfig : exit_status_of(kind);
}

}  // namespace

ExitStatus ending_status(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kNotFound:
    case ErrorKind::kConflict:
    case ErrorKind::kNoSpace:
    case ErrorKind::kIo:
      return ExitStatus::kUnavailable;
    default:
      return exit_status_of(kind);
  }
}

void die(const Error& error) {
  log::error(error.message);
  _exit(static_cast<int>(ending_status(error.kind)));
}

Daemon::Daemon(Program program, int argc, char** argv) : program_(std::move(program)) {
  log::configure(program_.name, log::Level::kInfo, log::detect_format());
  prepare_signals();
  loop::raise_descriptor_limit();
  prepare_memory();
  notifier_.take_environment();
  fill_standard_descriptors();
  Result<CommandLine> line = parse_options(program_, daemon_options(), argc, argv);
  if (!line) exit_usage(program_.name, line.error().message);
  command_line_ = std::move(*line);
  if (has_option("help")) {
    exit_after_printing(program_.name, help_text(program_, daemon_options()));
  }
  if (has_option("version")) exit_after_printing(program_.name, version_text(program_.name));
  if (const std::string* shell = command_line_.value("completions")) {
    const Result<std::string> script = completions(program_, daemon_options(), *shell);
    if (!script) exit_usage(program_.name, script.error().message);
    exit_after_printing(program_.name, *script);
  }
}

Daemon::~Daemon() = default;

ConfigReport Daemon::resolve(LoadedBase& loaded) const {
  SettingTable& table = loaded.table;
  Common& common = loaded.common;
  table.text("log.level", common.log_level, "log what is at least as grave")
      .one_of(log_levels())
      .reloads();
  table
      .text("log.format", common.log_format,
            "how a log line looks; auto: journal where stderr is the journal, else text")
      .one_of({"auto", "text", "json", "journal"});
  table
      .duration_ms("log.slow", common.log_slow_ms,
                   "requests that take as long are logged, as those that fail; 0: none for that")
      .reloads();
  table
      .duration_ms("daemon.drain_timeout", common.drain_timeout_ms,
                   "how long requests in flight may take to finish after TERM")
      .reloads();
  ConfigSources sources;
  sources.program = program_.name;
  if (const std::string* file = command_line_.value("config")) sources.file = *file;
  sources.settings = command_line_.settings;
  sources.environment = own_environment();
  return table.resolve(sources);
}

void Daemon::resolve_or_exit(LoadedBase& loaded) {
  const ConfigReport report = resolve(loaded);
  for (const ConfigProblem& problem : report.errors) log::error(problem.text);
  if (!report.errors.empty()) {
    const bool only_usage =
        std::all_of(report.errors.begin(), report.errors.end(),
                    [](const ConfigProblem& problem) { return problem.from_command_line; });
    exit_with(only_usage ? ExitStatus::kUsage : ExitStatus::kConfig);
  }
  if (has_option("print-config")) exit_after_printing(program_.name, loaded.table.print());
  log::configure(program_.name, level_of(loaded.common.log_level),
                 format_of(loaded.common.log_format));
  log::set_slow(loaded.common.log_slow_ms * kNsPerMs);
  for (const std::string& warning : report.warnings) log::warning(warning);
  if (const Status enough = loop::check_descriptor_limit(); !enough) die(enough.error());
}

void Daemon::finish_load(const Status& checked) {
  if (!checked) {
    log::error(checked.error().message);
    exit_with(check_status(checked.error().kind));
  }
  if (has_option("check")) {
    write_stderr(program_.name + ": the configuration is fine\n");
    exit_with(ExitStatus::kOk);
  }
}

bool Daemon::reread(LoadedBase& loaded) {
  const ConfigReport report = resolve(loaded);
  for (const ConfigProblem& problem : report.errors) log::error(problem.text);
  if (!report.errors.empty()) {
    log::error("not reloaded: the configuration has errors");
    return false;
  }
  for (const SettingTable::Change& change : loaded.table.keep_fixed(in_force_->table)) {
    if (change.applied) {
      log::info("setting changed", {{"key", change.key}});
    } else {
      log::warning("setting needs a restart to change", {{"key", change.key}});
    }
  }
  log::set_threshold(level_of(loaded.common.log_level));
  log::set_slow(loaded.common.log_slow_ms * kNsPerMs);
  log::info("reloaded");
  return true;
}

int64_t Daemon::drain_timeout_ms() const {
  return in_force_ ? in_force_->common.drain_timeout_ms : Common().drain_timeout_ms;
}

int Daemon::run(loop::Loop& loop, const std::vector<Part*>& parts) {
  CHECK_MSG(run_ == nullptr, "a daemon runs once");
  run_ = std::make_unique<Run>(*this, loop, parts);
  if (!stop_asked_) run_->run();
  run_->leave_loop();
  return static_cast<int>(status_);
}

void Daemon::stop(ExitStatus status) {
  if (status_ == ExitStatus::kOk) status_ = status;
  if (run_ == nullptr) {
    stop_asked_ = true;
  } else {
    run_->stop_soon();
  }
}

}  // namespace tandem::daemon

// The life of a daemon, the same for every tandem program:
//
//   int main(int argc, char** argv) {
//     Daemon daemon{{"rs-worker", "keep a replica of the database"}, argc, argv};
//     // void declare_worker(WorkerConfig&, SettingTable&)
//     const auto config = daemon.load<WorkerConfig>(declare_worker);
//     loop::Loop loop;
//     …
//     return daemon.run(loop, {&replica, &endpoint});
//   }
//
// Construct it first thing in main, before any thread exists. TERM and INT end the process at once
// until run(), which blocks them and reads them from a signalfd on the loop. No thread of a library
// ever takes one: whoever makes threads before holds SignalsBlocked. It blocks HUP, ignores SIGPIPE, raises the limit of open descriptors, makes descriptors 0, 1 and 2 safe
// where they came closed, and takes what Notifier knows out of the environment, so that children do
// not announce us.
//
// Exit statuses: 0 after TERM or INT, 64 wrong command line, 78 wrong configuration, 74 where
// stdout cannot be written, else that of the Error which ended the process.
#pragma once

#include <csignal>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "base/exit_status.h"
#include "base/log.h"
#include "base/result.h"
#include "daemon/config.h"
#include "daemon/notify.h"
#include "daemon/options.h"
#include "daemon/part.h"
#include "loop/loop.h"

namespace tandem::daemon {

// The exit status of an error that ends a daemon. As exit_status_of, but "not found" and
// "conflict", which answer a question elsewhere (1), mean here that something it needs is not there
// (69). So do a full disk and an error of a file that is not a replica's own data: 74 says one
// thing, that this replica's disk is not to be trusted (kDiskFailed).
ExitStatus ending_status(ErrorKind kind);

// Ends the process at once, with a log line and the ending_status of the error, without
// destructors: for state that can no longer be trusted, such as a failed fsync (74).
[[noreturn]] void die(const Error& error);

class Daemon {
 public:
  // --help, --version, --completions and wrong usage end the process here.
  Daemon(Program program, int argc, char** argv);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Fills a C from all sources. Errors (all of them are listed), --check and --print-config end
  // the process here. `check` looks further than one value can tell, for instance at the files
  // that the configuration names; it must not bind, create or change anything, because --check
  // runs beside the living daemon. `check_now` is for what may be put right while the daemon runs:
  // --check alone refuses it.
  template <typename C>
  C load(void (*declare)(C&, SettingTable&),
         std::type_identity_t<std::function<Status(const C&)>> check = {},
         std::type_identity_t<std::function<Status(const C&)>> check_now = {}) {
    auto loaded = std::make_unique<Loaded<C>>();
    declare(loaded->config, loaded->table);
    resolve_or_exit(*loaded);
    Status checked = check ? check(loaded->config) : Status();
    if (checked && check_now && has_option("check")) checked = check_now(loaded->config);
    finish_load(checked);
    C config = loaded->config;
    in_force_ = std::move(loaded);
    // Without a listener a reload still reads the file, to log what is wrong or needs a restart.
    if (!reload_) on_reload<C>(declare, [](const C&) {});
    return config;
  }

  // SIGHUP: `apply` gets the settings anew, in which only those marked reloads() may differ.
  // log.level is taken over by itself. A file with an error is reported and changes nothing.
  template <typename C>
  void on_reload(void (*declare)(C&, SettingTable&),
                 std::type_identity_t<std::function<void(const C&)>> apply) {
    reload_ = [this, declare, apply = std::move(apply)] {
      auto loaded = std::make_unique<Loaded<C>>();
      declare(loaded->config, loaded->table);
      if (!reread(*loaded)) return;
      apply(loaded->config);
      in_force_ = std::move(loaded);
    };
  }

  // Starts the parts in order, announces readiness, runs the loop until TERM or INT, drains in
  // reverse order and gives the exit status. Parts and loop outlive the call.
  int run(loop::Loop& loop, const std::vector<Part*>& parts);

  // Between readiness and the first TERM: what /readyz starts with.
  bool ready() const { return ready_; }

  // Begins to drain, as TERM does; run() then returns `status`. The first status that is not kOk
  // wins.
  void stop(ExitStatus status = ExitStatus::kOk);

  const std::string& name() const { return program_.name; }
  const CommandLine& command_line() const { return command_line_; }
  bool has_option(std::string_view option) const { return command_line_.has(option); }

 private:
  // Settings that every daemon has beside its own.
  struct Common {
    std::string log_level = "info";
    std::string log_format = "auto";
    int64_t log_slow_ms = 250;
    int64_t drain_timeout_ms = 10000;
  };
  struct LoadedBase {
    virtual ~LoadedBase() = default;
    Common common;
    SettingTable table;
  };
  template <typename C>
  struct Loaded final : LoadedBase {
    C config;
  };
  class Run;

  ConfigReport resolve(LoadedBase& loaded) const;
  void resolve_or_exit(LoadedBase& loaded);
  void finish_load(const Status& checked);
  bool reread(LoadedBase& loaded);
  int64_t drain_timeout_ms() const;

  Program program_;
  CommandLine command_line_;
  Notifier notifier_;
  std::unique_ptr<LoadedBase> in_force_;
  std::function<void()> reload_;
  // Kept after run(): a part may still call a completion while the loop is taken down.
  std::unique_ptr<Run> run_;
  ExitStatus status_ = ExitStatus::kOk;
  bool ready_ = false;
  bool stop_asked_ = false;  // stop() before run()
};

}  // namespace tandem::daemon

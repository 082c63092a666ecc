// tandem-torture: a database of real processes under kill -9, SIGSTOP, cut links, full and failing
// disks, with clients whose every operation is recorded and checked.
//
// Started by the script tests/torture/torture, which gives it namespaces of its own; README.md in
// this directory tells how to use it. Exit status 0: everything was right; 1: it was not, or a key
// could not be decided; else see base/exit_status.h.
#include <curl/curl.h>
#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "cluster.h"
#include "faults.h"
#include "recorder.h"
#include "report.h"
#include "schedule.h"
#include "settings.h"
#include "verdict.h"
#include "workloads.h"

namespace tandem::torture {
namespace {

constexpr int64_t kWholeMs = 60'000;
constexpr int64_t kTurnMs = 20;

volatile sig_atomic_t interrupted = 0;

template <typename... Args>
void say(fmt::format_string<Args...> format, Args&&... args) {
  const std::string line = fmt::format(format, std::forward<Args>(args)...);
  std::fprintf(stdout, "%s\n", line.c_str());
  std::fflush(stdout);
}

class Run {
 public:
  Run(const Settings& settings, Schedule schedule)
      : settings_(settings),
        schedule_(std::move(schedule)),
        min_in_sync_(settings.min_in_sync != 0 ? settings.min_in_sync
                                               : 1 + static_cast<uint32_t>(settings.seed % 2)),
        processes_(settings.directory),
        network_(processes_),
        cluster_(settings_, min_in_sync_, processes_, network_),
        recorder_(settings.plant),
        shared_{cluster_.urls(), recorder_},
        faults_(cluster_, processes_, network_, shared_.heavy) {}

  int carry_out() {
    if (const Status started = cluster_.start(); !started) {
      std::fprintf(stderr, "tandem-torture: %s\n", started.error().message.c_str());
      return static_cast<int>(ExitStatus::kUnavailable);
    }
    shared_.urls = cluster_.urls();
    shared_.seed = settings_.seed;
    shared_.started_us = now_us();
    begin_us_ = now_us();
    {
      Clients clients(shared_);
      torture();
      clients.stop();
    }
    if (whole_) read_replicas(cluster_, recorder_, judgement_);
    if (const Status stopped = cluster_.stop(); !stopped) violation(stopped.error().message);
    check_history(recorder_, judgement_);
    check_logs(settings_.directory, judgement_);
    return tell();
  }

 private:
  void torture() {
    const int64_t end_us = begin_us_ + settings_.seconds * 1'000'000;
    while (now_us() < end_us && whole_ && interrupted == 0) {
      const Fault fault = schedule_.next();
      spend(fault.pause_ms);
      if (fault.from_whole && !wait_whole()) break;
      Episode episode{fault.kind, fault.from_whole, now_us(), 0, {}};
      const auto struck = faults_.inject(fault);
      if (!struck) {
        heal();
        continue;  // what it was to strike is away
      }
      if (!episodes_.empty()) episodes_.back().ended_us = episode.started_us;
      episode.whom = *struck;
      episodes_.push_back(episode);
      say("{:7.2f} s  {}: {}{}", seconds(), info(fault.kind).name, *struck,
          info(fault.kind).holds ? fmt::format(", {} ms", fault.hold_ms) : "");
      if (info(fault.kind).holds) spend(fault.hold_ms);
      heal();
      if (info(fault.kind).damages && !wait_whole()) break;
    }
    heal();
    spend(1000);
    if (whole_) wait_whole();
    if (!episodes_.empty()) episodes_.back().ended_us = now_us();
  }

  void heal() {
    if (const Status healed = faults_.heal(); !healed) violation(healed.error().message);
  }

  // Lets time pass, and starts again what was killed.
  void spend(int64_t ms) {
    for (const int64_t end = now_us() + ms * 1000; now_us() < end;) {
      look_after();
      std::this_thread::sleep_for(std::chrono::milliseconds(std::min(ms, kTurnMs)));
    }
    look_after();
  }

  void look_after() {
    const std::string wrong = cluster_.restart_killed();
    if (!wrong.empty()) violation(wrong);
  }

  bool wait_whole() {
    const int64_t end = now_us() + kWholeMs * 1000;
    while (!cluster_.whole()) {
      if (now_us() > end) {
        whole_ = false;
        violation(fmt::format("not whole {} s after the faults had ended", kWholeMs / 1000));
        return false;
      }
      spend(kTurnMs);
    }
    return true;
  }

  void violation(const std::string& text) {
    say("{:7.2f} s  VIOLATION {}", seconds(), text);
    judgement_.violations.push_back(text);
  }

  double seconds() const { return static_cast<double>(now_us() - begin_us_) / 1e6; }

  int tell() {
    say("\n{}\n{}", faults_table(episodes_, recorder_.acknowledgements()),
        summary(settings_, min_in_sync_, judgement_, recorder_.acknowledgements().size()));
    const bool good = judgement_.violations.empty() && judgement_.unknown_keys.empty();
    recorder_.save(settings_.directory + "/history.ndjson");
    say("{}", good                            ? "verdict: ok"
              : judgement_.violations.empty() ? "verdict: unknown"
                                              : "verdict: VIOLATED");
    return static_cast<int>(good ? ExitStatus::kOk : ExitStatus::kNo);
  }

  const Settings& settings_;
  Schedule schedule_;
  const uint32_t min_in_sync_;
  Processes processes_;
  Network network_;
  Cluster cluster_;
  Recorder recorder_;
  Shared shared_;
  Faults faults_;
  Judgement judgement_;
  std::vector<Episode> episodes_;
  int64_t begin_us_ = 0;
  bool whole_ = true;
};

int main_of(int argc, char** argv) {
  const auto settings = parse_settings(argc, argv);
  if (!settings) {
    std::fputs(settings.error().message.c_str(), stderr);
    return static_cast<int>(ExitStatus::kUsage);
  }
  auto schedule = Schedule::make(settings->seed, settings->faults, settings->links,
                                 settings->longest_hold_ms());
  if (!schedule) {
    std::fprintf(stderr, "tandem-torture: %s\n", schedule.error().message.c_str());
    return static_cast<int>(ExitStatus::kUsage);
  }
  std::filesystem::create_directories(settings->directory);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = 1; };
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  if (!settings->links) say("link faults: off ({})", settings->why_no_links);
  return Run(*settings, std::move(*schedule)).carry_out();
}

}  // namespace
}  // namespace tandem::torture

int main(int argc, char** argv) { return tandem::torture::main_of(argc, argv); }

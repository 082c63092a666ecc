#include "run.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "moment.h"
#include "report.h"

namespace tandem::torture {
namespace {

constexpr int64_t kWholeMs = 60'000;
constexpr int64_t kPlantedWholeMs = 30'000;  // what was planted was to be found otherwise
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
  Run(const Settings& settings, Schedule schedule, Subject& subject)
      : settings_(settings), schedule_(std::move(schedule)), subject_(subject) {}

  int carry_out() {
    if (const Status started = subject_.start(); !started) {
      std::fprintf(stderr, "tandem-torture: %s\n", started.error().message.c_str());
      return static_cast<int>(ExitStatus::kUnavailable);
    }
    begin_us_ = now_us();
    subject_.start_clients();
    torture();
    subject_.stop_clients(!whole_);
    look_for_hangs();
    if (whole_) subject_.judge_running(judgement_);
    if (const Status stopped = subject_.stop(); !stopped) violation(stopped.error().message);
    subject_.judge_stopped(whole_, judgement_);
    return tell();
  }

 private:
  void torture() {
    const int64_t end_us = begin_us_ + settings_.seconds * 1'000'000;
    while (now_us() < end_us && whole_ && interrupted == 0) {
      const Fault fault = schedule_.next();
      spend(fault.pause_ms);
      if (fault.from_whole && !wait_whole()) break;
      Episode episode{fault.info, fault.from_whole, now_us(), 0, 0, {}};
      const auto struck = subject_.inject(fault);
      if (!struck) {
        heal();
        continue;  // what it was to strike is away
      }
      if (!episodes_.empty()) episodes_.back().ended_us = episode.started_us;
      episode.whom = *struck;
      episodes_.push_back(episode);
      say("{:7.2f} s  {}: {}{}", seconds(), fault.info->name, *struck,
          fault.info->holds ? fmt::format(", {} ms", fault.hold_ms) : "");
      if (fault.info->holds) spend(fault.hold_ms);
      episodes_.back().healed_us = now_us();
      heal();
      if (fault.info->damages && !wait_whole()) break;
    }
    heal();
    spend(1000);
    if (whole_) wait_whole();
    if (!episodes_.empty()) episodes_.back().ended_us = now_us();
  }

  void look_for_hangs() {
    const std::vector<int64_t> acknowledgements = subject_.acknowledgements();
    for (const Episode& episode : episodes_) {
      const std::string hung = hung_in(acknowledgements, episode);
      if (!hung.empty()) violation(hung);
    }
  }

  void heal() {
    if (const Status healed = subject_.heal(); !healed) violation(healed.error().message);
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
    const std::string wrong = subject_.restart_killed();
    if (!wrong.empty()) violation(wrong);
  }

  bool wait_whole() {
    const int64_t most_ms = settings_.plant.empty() ? kWholeMs : kPlantedWholeMs;
    const int64_t end = now_us() + most_ms * 1000;
    while (!subject_.whole()) {
      if (now_us() > end) {
        whole_ = false;
        violation(fmt::format("not whole {} s after the faults had ended: {}", most_ms / 1000,
                              subject_.trouble()));
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
    say("\n{}\n{}",
        faults_table(episodes_, subject_.acknowledgements(), subject_.coordination_writes()),
        summary(settings_, subject_.configuration(), judgement_));
    const bool good = judgement_.violations.empty() && judgement_.undecided.empty();
    subject_.save_history(settings_.directory + "/history.ndjson");
    say("{}", good                            ? "verdict: ok"
              : judgement_.violations.empty() ? "verdict: unknown"
                                              : "verdict: VIOLATED");
    return static_cast<int>(good ? ExitStatus::kOk : ExitStatus::kNo);
  }

  const Settings& settings_;
  Schedule schedule_;
  Subject& subject_;
  Judgement judgement_;
  std::vector<Episode> episodes_;
  int64_t begin_us_ = 0;
  bool whole_ = true;
};

}  // namespace

int carry_out(const Settings& settings, Schedule schedule, Subject& subject) {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = 1; };
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return Run(settings, std::move(schedule), subject).carry_out();
}

}  // namespace tandem::torture

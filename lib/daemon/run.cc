#include "daemon/run.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace tandem::daemon {
namespace {

constexpr uint64_t kStartLookMs = 500;
constexpr uint64_t kTellWaitMs = 10'000;

}  // namespace

sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  return set;
}

Daemon::Run::Run(Daemon& daemon, loop::Loop& loop, const std::vector<Part*>& parts)
    : daemon_(daemon), loop_(loop), parts_(parts) {
  const sigset_t set = handled_signals();
  CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);  // threads inherit this
  signal_fd_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  CHECK_MSG(signal_fd_ >= 0, std::strerror(errno));
  signals_ = std::make_unique<loop::Poll>(loop, signal_fd_, [this](int) { on_signals(); });
  signals_->start(UV_READABLE);
  start_looks_ = std::make_unique<loop::Timer>(loop, [this] { look_at_start(); });
  start_looks_->start(kStartLookMs, kStartLookMs);
  stop_timer_ = std::make_unique<loop::Timer>(loop, [this] { begin_drain(); });
  drain_timer_ = std::make_unique<loop::Timer>(loop, [this] { hurry("the drain time is over"); });
}

Daemon::Run::~Run() { leave_loop(); }

void Daemon::Run::leave_loop() {
  signals_.reset();
  start_looks_.reset();
  stop_timer_.reset();
  drain_timer_.reset();
  if (signal_fd_ >= 0) close(signal_fd_);
  signal_fd_ = -1;
}

void Daemon::Run::run() {
  start_next();
  looping_ = true;
  while (phase_ != Phase::kEnded) loop_.run();
}

void Daemon::Run::stop_soon() {
  if (phase_ == Phase::kStarting || phase_ == Phase::kServing) stop_timer_->start(0);
}

void Daemon::Run::on_signals() {
  signalfd_siginfo info{};
  while (read(signal_fd_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    on_signal(static_cast<int>(info.ssi_signo));
  }
}

void Daemon::Run::on_signal(int number) {
  if (number == SIGHUP) {
    reload();
  } else if (phase_ == Phase::kDraining) {
    hurry("told to stop twice");
  } else {
    log::info("stopping", {{"signal", number == SIGTERM ? "TERM" : "INT"}});
    begin_drain();
  }
}

void Daemon::Run::reload() {
  if (phase_ != Phase::kServing) {
    log::warning("not reloaded: still starting or already stopping");
    return;
  }
  daemon_.notifier_.reloading();
  if (daemon_.reload_) daemon_.reload_();
  daemon_.notifier_.ready();
}

void Daemon::Run::start_next() {
  if (phase_ != Phase::kStarting) return;
  if (started_ == parts_.size()) {
    serve();
    return;
  }
  const size_t index = started_++;
  log::debug("starting", {{"part", parts_[index]->name()}});
  parts_[index]->start([this, index](const Status& status) { on_started(index, status); });
}

void Daemon::Run::on_started(size_t index, const Status& status) {
  if (phase_ != Phase::kStarting) return;  // told to stop meanwhile
  CHECK_MSG(index + 1 == started_, "a part said twice that it started");
  if (status) {
    start_next();
    return;
  }
  log::error(status.error().message, {{"part", parts_[index]->name()}});
  daemon_.status_ = ending_status(status.error().kind);
  started_ = index;  // nothing to drain in the part that did not start
  begin_drain();
}

// What it waits for is told when it changes, and again and again, so that who started it sees that it
// has not come to a stop.
void Daemon::Run::look_at_start() {
  if (phase_ != Phase::kStarting || started_ == 0) return start_looks_->stop();
  std::string waits_for = parts_[started_ - 1]->waits_for();
  const bool is_due = !waits_for.empty() && loop_.now_ms() - told_waits_ms_ >= kTellWaitMs;
  if (waits_for == waits_for_ && !is_due) return;
  waits_for_ = std::move(waits_for);
  told_waits_ms_ = loop_.now_ms();
  daemon_.notifier_.waits(waits_for_);
}

void Daemon::Run::serve() {
  phase_ = Phase::kServing;
  start_looks_->stop();
  daemon_.ready_ = true;
  daemon_.notifier_.ready();
  log::info("ready");
}

void Daemon::Run::begin_drain() {
  if (phase_ == Phase::kDraining || phase_ == Phase::kEnded) return;
  phase_ = Phase::kDraining;
  daemon_.ready_ = false;
  daemon_.notifier_.stopping();
  undrained_ = started_;
  drain_timer_->start(static_cast<uint64_t>(daemon_.drain_timeout_ms()));
  drain_next();
}

void Daemon::Run::drain_next() {
  if (phase_ != Phase::kDraining) return;
  if (undrained_ == 0) {
    started_ = 0;
    end();
    return;
  }
  const size_t index = --undrained_;
  log::debug("draining", {{"part", parts_[index]->name()}});
  parts_[index]->drain([this, index] { on_drained(index); });
}

void Daemon::Run::on_drained(size_t index) {
  if (phase_ != Phase::kDraining) return;  // hurried meanwhile
  CHECK_MSG(index == undrained_ && started_ == index + 1, "a part said twice that it is drained");
  started_ = index;
  drain_next();
}

void Daemon::Run::hurry(std::string_view why) {
  if (phase_ != Phase::kDraining) return;
  phase_ = Phase::kEnded;  // completions that still come are not listened to
  for (size_t index = started_; index-- > 0;) {
    Part& part = *parts_[index];
    log::warning("not waiting for a part to finish", {{"part", part.name()}, {"reason", why}});
    if (index < undrained_) part.drain([] {});
    part.hurry();
  }
  end();
}

void Daemon::Run::end() {
  phase_ = Phase::kEnded;
  log::info("stopped", {{"status", static_cast<int>(daemon_.status_)}});
  // A stop before the loop turns would be kept for whoever turns it next.
  if (looping_) loop_.stop();
}

}  // namespace tandem::daemon

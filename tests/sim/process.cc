#include "sim/process.h"

#include <utility>

namespace tandem::sim {
namespace {

constexpr int64_t kMaxOffsetNs = 100'000 * kMs;

}  // namespace

Process::Process(Universe& universe, int64_t clock_ppm)
    : universe_(universe),
      number_(++universe.processes),
      clock_ppm_(universe.between_ns(-clock_ppm, clock_ppm)),
      clock_offset_ns_(universe.between_ns(0, kMaxOffsetNs)) {}

void Process::begin_life() {
  session_ = universe_.new_id();
  up_ = true;
  doomed_ = false;
  stay_awake();
}

void Process::stay_awake() {
  pause_ns_ = paused_until_ns_ = 0;
  wake_up();
}

void Process::wake_up() {
  for (UniqueFunction<void()>& work : std::exchange(asleep_, {})) {
    later(universe_.between_ns(0, kMs), std::move(work));
  }
}

void Process::end_life() {
  asleep_.clear();
  up_ = doomed_ = false;
  const bool machine = universe_.random.chance(300);
  if (machine) clock_offset_ns_ = universe_.between_ns(0, kMaxOffsetNs);
  const int64_t down_ms = universe_.random.chance(500) ? 20 : 1500;
  universe_.schedule.after(universe_.between_ns(kMs, down_ms * kMs), [this] {
    if (universe_.now() >= down_until_ns_) start();
  });
}

void Process::stay_down(int64_t for_ns) {
  down_until_ns_ = universe_.now() + for_ns;
  universe_.schedule.after(for_ns, [this] { start(); });
}

// Not at once: what calls this is in the midst of its work.
void Process::crash_now() {
  if (!acts()) return;
  doomed_ = true;
  universe_.schedule.after(0, [this, session = session_] {
    if (up_ && session == session_) crash();
  });
}

void Process::later(int64_t delay_ns, UniqueFunction<void()> work) {
  universe_.schedule.after(delay_ns, [this, session = session_, work = std::move(work)]() mutable {
    run(session, std::move(work));
  });
}

void Process::run(uint64_t session, UniqueFunction<void()> work) {
  if (!acts() || session != session_) return;
  if (paused_until_ns_ > universe_.now()) {
    asleep_.push_back(std::move(work));
    return;
  }
  work();
  if (pause_ns_ == 0) return;
  // In the middle of a turn: what comes meanwhile is handled in the same turn.
  const int64_t until_ns = universe_.now() + std::exchange(pause_ns_, 0);
  paused_until_ns_ = until_ns;
  universe_.schedule.after(until_ns - universe_.now(), [this, until_ns] {
    if (paused_until_ns_ == until_ns) wake_up();
  });
}

}  // namespace tandem::sim

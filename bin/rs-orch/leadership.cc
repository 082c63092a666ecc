#include "leadership.h"

#include <utility>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "wire/bytes.h"
#include "wire/envelope.h"

namespace tandem::orch {
namespace {

constexpr uint64_t kTickMs = 5;
constexpr uint64_t kElectionTickMs = 1;
constexpr uint64_t kControlTimeoutMs = 1000;

int64_t now_ns() { return system_clock().boot_ns(); }

// The in-sync slave with the lowest pid becomes master.
bool lower_pid(const repl::Candidate& a, const repl::Candidate& b) {
  return a.state.pid < b.state.pid;
}

std::string ids_of(const repl::Record& record) {
  std::string text;
  for (const repl::Member& member : record.in_sync) {
    if (!text.empty()) text += ',';
    text += std::to_string(member.id);
  }
  return text;
}

}  // namespace

Leadership::Leadership(loop::Loop& loop, coord::Coord& coord, Workers& workers, Events& events,
                       std::string group)
    : loop_(loop),
      coord_(coord),
      workers_(workers),
      events_(events),
      group_(std::move(group)),
      controller_(repl::ControllerOptions{}, lower_pid),
      ticker_(loop, [this] { tick(); }),
      self_(std::make_shared<Leadership*>(this)) {}

Leadership::~Leadership() { *self_ = nullptr; }

void Leadership::start() {
  watch_ =
      coord_.watch_record(group_, [this](const coord::Versioned& record) { take_record(record); });
  ticker_.start(kTickMs, kTickMs);
}

void Leadership::stop() {
  watch_.reset();
  ticker_.stop();
  controller_.set_active(false);
}

void Leadership::set_active(bool active) {
  controller_.set_active(active);
  if (active) read_record();
}

void Leadership::worker_up(const Worker& worker) {
  controller_.replica_up(worker.replica(), worker.member.session, now_ns());
}

void Leadership::worker_dead(repl::ReplicaId id, uint64_t session) {
  repl::ControllerEffects effects;
  controller_.replica_dead(id, session, now_ns(), effects);
  carry_out(effects);
}

void Leadership::create_group(const Worker& first, uint32_t min_in_sync) {
  repl::ControllerEffects effects;
  controller_.create(random_id(), first.replica(), min_in_sync, now_ns(), effects);
  carry_out(effects);
}

void Leadership::remove(repl::ReplicaId id) {
  repl::ControllerEffects effects;
  controller_.remove(id, effects);
  carry_out(effects);
}

void Leadership::tick() {
  repl::ControllerEffects effects;
  controller_.tick(now_ns(), effects);
  carry_out(effects);
}

void Leadership::carry_out(const repl::ControllerEffects& effects) {
  for (const std::string& notice : effects.notices) log::info(notice, {{"group", group_}});
  for (const repl::Message& message : effects.messages) send(message);
  if (effects.swap) {
    const uint64_t expected = effects.swap->expected_version;
    coord_.swap_record(group_, expected, repl::to_text(effects.swap->record),
                       [self = self_, expected](Result<coord::SwapOutcome> outcome) {
                         if (*self == nullptr) return;
                         Leadership& leadership = **self;
                         repl::ControllerEffects more;
                         leadership.controller_.swap_done(
                             expected, outcome && *outcome == coord::SwapOutcome::kApplied,
                             now_ns(), more);
                         leadership.carry_out(more);
                       });
  }
  if (effects.read_record) read_record();
  // Every ms counts while there is no leader.
  if (ticker_.active() &&
      controller_.electing() != std::exchange(ticks_fast_, controller_.electing())) {
    const uint64_t every_ms = ticks_fast_ ? kElectionTickMs : kTickMs;
    ticker_.start(every_ms, every_ms);
  }
  tell_changes();
}

void Leadership::send(const repl::Message& message) {
  Worker* worker = workers_.find(message.to);
  if (worker == nullptr || !worker->connected()) return;
  std::string payload;
  wire::ByteWriter(payload).u16(static_cast<uint16_t>(wire::Method::kControl));
  repl::encode(message, payload);
  worker->link->call(payload, kControlTimeoutMs, [self = self_](Result<std::string_view> answer) {
    if (*self == nullptr || !answer || answer->empty()) return;
    repl::Message state;
    if (!repl::decode(*answer, state)) return;
    repl::ControllerEffects effects;
    (*self)->controller_.state_answered(state, now_ns(), effects);
    (*self)->carry_out(effects);
  });
}

void Leadership::read_record() {
  if (std::exchange(reading_, true)) {
    read_again_ = true;  // the one under way may have begun before what prompted this one
    return;
  }
  coord_.read_record(group_, [self = self_](Result<coord::Versioned> record) {
    if (*self == nullptr) return;
    Leadership& leadership = **self;
    leadership.reading_ = false;
    leadership.take_record(record);
    if (std::exchange(leadership.read_again_, false)) leadership.read_record();
  });
}

void Leadership::take_record(const Result<coord::Versioned>& record) {
  if (!record) {
    log::warning("cannot read the record", {{"error", record.error().message}});
    return;
  }
  std::optional<repl::Record> parsed;
  if (record->version != 0) {
    auto result = repl::parse_record(record->text);
    if (!result) {
      log::error("the record is malformed", {{"version", record->version}});
      return;
    }
    parsed = std::move(*result);
  }
  repl::ControllerEffects effects;
  controller_.record_read(parsed, now_ns(), effects);
  carry_out(effects);
}

void Leadership::tell_changes() {
  if (!record()) return;
  const repl::Record& now = *record();
  const bool open = leader_open();
  if (now.epoch == told_epoch_ && now.version == told_version_ && open == told_open_) return;
  wire::Json fields;
  fields.set("leader", static_cast<int64_t>(now.leader));
  fields.set("epoch", now.epoch);
  fields.set("in_sync", ids_of(now));
  if (now.epoch != told_epoch_) {
    events_.tell("role", "worker " + std::to_string(now.leader) + " is chosen as master", fields);
  } else if (now.version != told_version_) {
    events_.tell("in_sync", "the in-sync set changed", fields);
  }
  if (open && (!told_open_ || now.epoch != told_epoch_)) {
    events_.tell("open", "the master takes writes", fields);
  }
  told_epoch_ = now.epoch;
  told_version_ = now.version;
  told_open_ = open;
  if (on_change_) on_change_();
}

}  // namespace tandem::orch

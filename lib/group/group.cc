#include "group/group.h"

#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "wire/log_fields.h"

namespace tandem::group {
namespace {

constexpr uint64_t kLookMs = 50;
constexpr int64_t kNsPerMs = 1'000'000;

}  // namespace

Group::Group(loop::Loop& loop, coord::Coord& coord, const GroupOptions& options)
    : group_(options.group),
      timeout_ms_(options.timeout_ms),
      replicas_(loop, coord, options.group),
      leadership_(loop, coord, replicas_, {options.group, options.prefer, {}, options.settle_ms}),
      gateway_(loop, replicas_, leadership_,
               {.timeout_ms = options.timeout_ms, .max_in_flight = options.max_in_flight}),
      keeper_(loop, replicas_, leadership_,
              {options.group, options.replicas, options.min_in_sync, options.prefer,
               options.hand_over, options.timeout_ms, options.accept_loss, options.program}),
      looker_(loop, [this] { look_for_leader(); }),
      stand_in_(options.stand_in_after_ms * kNsPerMs) {
  replicas_.on_new([this](ReplicaLink& replica) { leadership_.replica_up(replica); });
  replicas_.on_gone([this](repl::ReplicaId id) { gateway_.replica_gone(id); });
  replicas_.on_connected([this] { changed(); });
  replicas_.on_lost([this] {
    keeper_.link_lost();
    changed();
  });
  leadership_.on_change([this] { changed(); });
  leadership_.on_event(
      [this](std::string_view, const std::string& reason, const wire::Json& fields) {
        std::vector<log::Field> told = wire::log_fields(fields);
        told.emplace_back("group", group_);
        log::write(log::Level::kInfo, reason, told);
      });
}

void Group::changed() {
  gateway_.leader_changed();
  if (on_change_) on_change_();
}

void Group::set_active(bool active) {
  active_ = active;
  stands_in_ = false;
  act();
}

void Group::accept_loss(const std::set<repl::ReplicaId>& given_up, bool force,
                        Leadership::Done done) {
  Leadership::Proof proof;
  if (!force) proof = [this](const auto& members) { return keeper_.may_give_up(members); };
  leadership_.accept_loss(given_up, timeout_ms_, std::move(proof), std::move(done));
}

void Group::act() {
  leadership_.set_active(active_ || stands_in_);
  keeper_.set_active(active_ || stands_in_);
}

// Creating the record is left to the active one: nothing is lost by waiting for it.
void Group::look_for_leader() {
  const bool led = active_ || !leadership_.record() || readiness();
  const bool stands_in = stand_in_.look(led, system_clock().boot_ns());
  if (stands_in_ == stands_in) return;
  stands_in_ = stands_in;
  log::info(stands_in ? "there is no leader for long: this process acts as a controller too"
                      : "there is a leader: the controller is left to itself",
            {{"group", group_}});
  act();
}

void Group::start(UniqueFunction<void(Status)> done) {
  leadership_.start();
  looker_.start(kLookMs, kLookMs);
  keeper_.start(std::move(done));
}

void Group::drain(UniqueFunction<void()> done) {
  looker_.stop();
  keeper_.stop();
  gateway_.fail_all();
  leadership_.stop();
  done();
}

Status Group::readiness() const {
  if (!keeper_.trouble().empty()) {
    return fail(ErrorKind::kUnavailable, group_ + ": " + keeper_.trouble());
  }
  if (!leadership_.leader_answers() && !leadership_.record_trouble().empty()) {
    return fail(ErrorKind::kUnavailable, group_ + ": " + leadership_.record_trouble());
  }
  if (!leadership_.leader_answers()) {
    return fail(ErrorKind::kUnavailable,
                group_ + ": " + leadership_.nobody_leads().error().message);
  }
  if (leadership_.writes_wait()) {
    return fail(ErrorKind::kUnavailable, group_ + ": writes wait for in-sync replicas");
  }
  return {};
}

}  // namespace tandem::group

#include "sim/coord/coord_process.h"

#include <algorithm>
#include <utility>

#include "consul/consul_coord.h"
#include "sim/checks.h"

namespace tandem::sim {
namespace {

using coord::Expected;
using coord::Member;
using coord::SwapOutcome;
using coord::Versioned;

constexpr int64_t kLongestEndNs = 3000 * kMs;
constexpr uint64_t kAgainMs = 500;  // until a registration is tried again
constexpr size_t kMostCalls = 10;   // under way, with which more begin
constexpr size_t kKept = 4;         // versions of the record

}  // namespace

CoordProcess::Life::Life(CoordProcess& process)
    : session(process.session()),
      timers(process.world_.universe, process),
      way(process.world_.agents, process),
      sight(process.world_.lives, process, process.id_ % process.world_.plan.hosts),
      coord(consul::make_coord(way, sight, {process, timers}, {.prefix = "t"})),
      locks(process.world_.plan.locks),
      swaps(timers.make([&process] { process.act(); })),
      registration(timers.make([&process] { process.enter(); })) {}

CoordProcess::CoordProcess(const CoordWorld& world, uint32_t id)
    : Process(world.universe, world.plan.ways.clock_ppm), world_(world), id_(id) {}

// --- life and death ---

void CoordProcess::start() {
  if (up()) return;
  begin_life();
  world_.universe.trace.note("process", "starts id:", {id_});
  life_ = std::make_unique<Life>(*this);
  life_->record_watch =
      life_->coord->watch_record(kGroup, [this](const Versioned& record) { take_record(record); });
  life_->member_watch = life_->coord->watch_members(
      kGroup, [this](const std::vector<Member>& members) { take_members(members); });
  for (size_t lock = 0; lock < life_->locks.size(); ++lock) wait_for_lock(lock);
  enter();
  life_->swaps->start(1, 0);
}

void CoordProcess::crash() {
  world_.universe.trace.note("process", "dies id:", {id_});
  life_->way.dies();
  life_.reset();
  end_life();
  world_.lives.ended();
}

void CoordProcess::end() {
  if (life_->ending) return;
  life_->ending = true;
  life_->to_end = life_->locks.size() + 1;
  for (HeldLock& held : life_->locks) {
    if (held.lock == nullptr) {
      --life_->to_end;
      continue;
    }
    held.told_held = false;
    expect<>([&](UniqueFunction<void()> done) { held.lock->release(std::move(done)); },
             [this] { one_step_of_the_end(); });
  }
  expect<const Status&>(
      [this](UniqueFunction<void(Status)> done) {
        life_->coord->unregister_member(kGroup, id_, life_->session, std::move(done));
      },
      [this](const Status&) { one_step_of_the_end(); });
  later(kLongestEndNs, [this] { crash_now(); });
}

void CoordProcess::one_step_of_the_end() {
  if (--life_->to_end == 0) crash_now();
}

void CoordProcess::heal() {
  stay_awake();
  if (!up()) start();
}

// --- calls ---

template <typename... Args, typename Call, typename Done>
void CoordProcess::expect(Call call, Done done) {
  const uint64_t number = ++last_call_;
  life_->calls[number] = true;
  call([this, number, done = std::move(done)](Args... args) mutable {
    call_ends(number);
    done(args...);
  });
  life_->calls[number] = false;
}

void CoordProcess::call_ends(uint64_t number) {
  const auto call = life_->calls.extract(number);
  if (!call) violated("a completion is called twice");
  if (call.mapped()) violated("a completion is called from inside its call");
  ++done_;
}

// --- the record ---

void CoordProcess::take_record(const Versioned& record) {
  world_.universe.trace.note("process", "is told the record id version:", {id_, record.version});
  life_->told_place = world_.checks.told(life_->told_place, record, world_.universe.now());
  life_->told = record;
  life_->known.push_back(record);
  if (life_->known.size() > kKept) life_->known.erase(life_->known.begin());
}

void CoordProcess::act() {
  Universe& universe = world_.universe;
  if (universe.healed || life_->ending) return;
  const auto next_ns = universe.between_ns(kMs, world_.plan.swap_every_ns);
  life_->swaps->start(static_cast<uint64_t>(next_ns / kMs), 0);
  if (life_->calls.size() > kMostCalls) return;
  look_around();
  if (life_->known.empty() || universe.random.chance(300)) return read();
  const bool old = universe.random.chance(world_.plan.old_expectations);
  const Versioned& record = old ? universe.random.one_of(life_->known) : life_->known.back();
  const bool says_text = !universe.random.chance(world_.plan.without_text);
  swap({record.version, says_text ? record.text : std::string()});
}

void CoordProcess::read() {
  expect<const Result<Versioned>&>(
      [this](UniqueFunction<void(Result<Versioned>)> done) {
        life_->coord->read_record(kGroup, std::move(done));
      },
      [this, from = world_.checks.now()](const Result<Versioned>& record) {
        if (!record) return;
        world_.checks.read(from, *record);
        life_->known.push_back(*record);
      });
}

void CoordProcess::swap(Expected expected) {
  const std::string text = "p" + std::to_string(id_) + " " + std::to_string(++texts_);
  const uint64_t number = world_.checks.swap_begins(expected, text);
  expect<const Result<SwapOutcome>&>(
      [&](UniqueFunction<void(Result<SwapOutcome>)> done) {
        life_->coord->swap_record(kGroup, std::move(expected), text, std::move(done));
      },
      [this, number](const Result<SwapOutcome>& outcome) {
        world_.universe.trace.note(
            "process", "swap ended id outcome:",
            {id_, outcome ? static_cast<uint64_t>(*outcome)
                          : 10 + static_cast<uint64_t>(outcome.error().kind)});
        world_.checks.swap_ends(number, outcome);
      });
}

// Whatever else one may ask.
void CoordProcess::look_around() {
  Universe& universe = world_.universe;
  if (!universe.random.chance(100)) return;
  coord::Coord& coord = *life_->coord;
  const auto ignore = [](const auto&) {};
  expect<const Result<std::vector<Member>>&>(
      [&](UniqueFunction<void(Result<std::vector<Member>>)> done) {
        if (universe.random.chance(500)) {
          coord.members(kGroup, std::move(done));
        } else {
          coord.last_members(kGroup, std::move(done));
        }
      },
      ignore);
  expect<const Result<std::optional<std::string>>&>(
      [&](UniqueFunction<void(Result<std::optional<std::string>>)> done) {
        coord.lock_holder(kGroup, lock_name(0), std::move(done));
      },
      ignore);
  if (life_->told_members.empty()) return;
  const Member member = universe.random.one_of(life_->told_members);
  expect<const Result<bool>&>(
      [&](UniqueFunction<void(Result<bool>)> done) { coord.proven_dead(member, std::move(done)); },
      [this, session = member.session](const Result<bool>& dead) {
        const Lives::Life* life = world_.lives.of_session(session);
        if (dead && *dead && (life == nullptr || life->living())) {
          violated("a living process is proven dead");
        }
      });
  // Of a life that is over, or of nobody.
  expect<const Status&>(
      [&](UniqueFunction<void(Status)> done) {
        coord.unregister_member(kGroup, member.id, universe.new_id(), std::move(done));
      },
      ignore);
}

// --- the entry ---

Member CoordProcess::member() const {
  Member member;
  member.id = id_;
  member.storage_id = id_;
  member.session = life_->session;
  member.address = "tcp://p" + std::to_string(id_);
  return member;
}

void CoordProcess::enter() {
  if (life_->ending || std::exchange(life_->registering, true)) return;
  expect<const Status&>(
      [this](UniqueFunction<void(Status)> done) {
        life_->coord->register_member(kGroup, member(), std::move(done));
      },
      [this](const Status& status) { entered(status); });
}

void CoordProcess::entered(const Status& status) {
  life_->registering = false;
  if (!status) return life_->registration->start(kAgainMs, 0);
  life_->registered = true;
}

// Who finds its entry gone puts it back, as lib/replica does.
void CoordProcess::take_members(const std::vector<Member>& members) {
  world_.universe.trace.note("process", "is told members id count:", {id_, members.size()});
  life_->told_members = members;
  const bool there = std::any_of(members.begin(), members.end(), [this](const Member& one) {
    return one.id == id_ && one.session == life_->session;
  });
  if (!there && life_->registered) enter();
}

// --- locks ---

void CoordProcess::wait_for_lock(size_t lock) {
  if (life_->ending || life_->locks[lock].lock != nullptr) return;
  life_->locks[lock].lock =
      life_->coord->lock(kGroup, lock_name(lock), holder(),
                         {.on_acquired = [this, lock] { took(lock); },
                          .on_lost = [this, lock](const Error&) { lost(lock); }});
}

void CoordProcess::took(size_t lock) {
  HeldLock& held = life_->locks[lock];
  world_.universe.trace.note("process", "has lock id lock:", {id_, lock});
  if (std::exchange(held.told_held, true)) violated("a lock is taken twice");
  held.since_ns = world_.universe.now();
}

void CoordProcess::lost(size_t lock) {
  HeldLock& held = life_->locks[lock];
  world_.universe.trace.note("process", "loses lock id lock:", {id_, lock});
  if (!std::exchange(held.told_held, false)) violated("a lock is lost that was not held");
  if (held.lock->held()) violated("a lock is held that was lost");
}

std::string CoordProcess::holder() const {
  return "p" + std::to_string(id_) + "." + std::to_string(life_->session);
}

bool CoordProcess::holds(size_t lock) const {
  return life_ != nullptr && life_->locks[lock].lock != nullptr && life_->locks[lock].lock->held();
}

bool CoordProcess::waits_for_all_locks() const {
  return std::all_of(life_->locks.begin(), life_->locks.end(),
                     [](const HeldLock& held) { return held.lock != nullptr; });
}

void CoordProcess::let_go_of_locks() {
  if (life_->ending) return;
  for (size_t lock = 0; lock < life_->locks.size(); ++lock) {
    HeldLock& held = life_->locks[lock];
    if (held.lock == nullptr || held.releasing || world_.universe.random.chance(500)) continue;
    held.told_held = false;
    const auto wait_again = [this, lock] {
      later(world_.universe.between_ns(kMs, 5000 * kMs), [this, lock] { wait_for_lock(lock); });
    };
    if (world_.universe.random.chance(500)) {
      held.lock.reset();
      wait_again();
      continue;
    }
    held.releasing = true;
    expect<>([&](UniqueFunction<void()> done) { held.lock->release(std::move(done)); },
             [this, lock, wait_again] {
               life_->locks[lock] = {};
               wait_again();
             });
    if (world_.universe.random.chance(300)) held.lock->release([] {});
  }
}

}  // namespace tandem::sim

#include "sim/coord/agents.h"

#include <algorithm>
#include <utility>

namespace tandem::sim {
namespace {

constexpr int64_t kConnectNs = 200 * kMs;  // until a connection is given up
constexpr uint32_t kTold = 700;            // permille of broken connections that are told at once

ConsulModel::Request request_of(const consul::Call& call) {
  return {call.method, call.target, call.body};
}

}  // namespace

// --- agents ---

void Agents::set(size_t agent, AgentState state) {
  states_[agent] = state;
  if (state != AgentState::kGone) return;
  for (WayToConsul* way : ways_) way->break_connections(agent);
}

void Agents::break_connections() {
  for (size_t agent = 0; agent < count(); ++agent) {
    for (WayToConsul* way : ways_) way->break_connections(agent);
  }
}

void Agents::heal() {
  std::fill(states_.begin(), states_.end(), AgentState::kWell);
  model.deny(false);
}

void Agents::arrive(const Sender& from, const Try& of, const consul::Call& call) {
  const AgentState now = state(of.agent);
  if (now == AgentState::kGone || now == AgentState::kSilent) return;
  universe_.trace.note("consul", "request number agent:", {of.number, of.agent});
  universe_.trace.say(call.method + " " + call.target + " " + call.body);
  if (now == AgentState::kAlone) return carried_out(from, of, {500, "No cluster leader", 0});
  const uint64_t asked = model.serve(
      request_of(call),
      [this, from, of](const ConsulModel::Reply& reply) { carried_out(from, of, reply); });
  WayToConsul::Pending* pending = from.lives() ? from.way->find(of) : nullptr;
  if (pending != nullptr) pending->asked = asked;
}

void Agents::carried_out(const Sender& from, const Try& of, const ConsulModel::Reply& reply) {
  const AgentState now = state(of.agent);
  if (now == AgentState::kGone || now == AgentState::kSilent || !from.lives()) return;
  const int64_t delay_ns = universe_.delay_ns(plan_.ways);
  if (universe_.strikes(plan_.lost_reply)) {
    if (universe_.random.chance(kTold)) from.way->fail_in(delay_ns, of, ErrorKind::kUnknown);
    return;
  }
  universe_.schedule.after(delay_ns, [this, from, of, reply] {
    if (state(of.agent) == AgentState::kSilent) return;
    from.process->run(from.session, [this, from, of, reply] {
      if (from.way->find(of) == nullptr) return;
      universe_.trace.note("consul", "answer number status index:",
                           {of.number, static_cast<uint64_t>(reply.status), reply.index});
      universe_.trace.say(reply.body);
      auto pending = from.way->pending_.extract(of.number);
      pending.mapped().done(consul::Answer{reply.status, reply.body, reply.index});
    });
  });
}

// --- the way there ---

WayToConsul::WayToConsul(Agents& agents, Process& process) : agents_(agents), process_(process) {
  agents_.ways_.push_back(this);
}

WayToConsul::~WayToConsul() {
  std::erase(agents_.ways_, this);
  for (const auto& [number, pending] : pending_) agents_.model.hang_up(pending.asked);
}

uint64_t WayToConsul::send(consul::Call call, Done done) {
  const uint64_t number = ++last_number_;
  if (dead_) return number;
  pending_[number] = Pending{std::move(call), std::move(done), {number, 0, 0}};
  attempt(number);
  return number;
}

void WayToConsul::cancel(uint64_t number) {
  const auto pending = pending_.extract(number);
  if (pending) agents_.model.hang_up(pending.mapped().asked);
}

size_t WayToConsul::waiting() const {
  return static_cast<size_t>(std::count_if(pending_.begin(), pending_.end(), [](const auto& one) {
    return one.second.call.target.find("index=") != std::string::npos;
  }));
}

void WayToConsul::attempt(uint64_t number) {
  Pending& pending = pending_.at(number);
  Try& now = pending.now;
  now.agent = (first_ + now.tried) % agents_.count();
  Universe& universe = agents_.universe_;
  const int64_t timeout_ns = pending.call.timeout_ms * kMs;
  const AgentState state = agents_.state(now.agent);
  if (state == AgentState::kGone) {
    return fail_in(universe.between_ns(kMs / 20, kMs), now, ErrorKind::kUnavailable);
  }
  // A connection that is there already takes what goes nowhere.
  if (state == AgentState::kSilent && universe.random.chance(500)) {
    return fail_in(std::min(kConnectNs, timeout_ns), now, ErrorKind::kUnavailable);
  }
  pending.sent = true;
  fail_in(timeout_ns, now, ErrorKind::kTimeout);
  if (universe.strikes(agents_.plan_.ways.lose)) {
    if (universe.random.chance(kTold)) {
      fail_in(universe.delay_ns(agents_.plan_.ways), now, ErrorKind::kUnknown);
    }
    return;
  }
  const Agents::Sender sender{this, &process_, process_.session()};
  const bool twice = pending.call.may_repeat && universe.strikes(agents_.plan_.ways.twice);
  for (int copies = twice ? 2 : 1; copies > 0; --copies) {
    universe.schedule.after(universe.delay_ns(agents_.plan_.ways),
                            [&agents = agents_, sender, now, call = pending.call] {
                              agents.arrive(sender, now, call);
                            });
  }
}

void WayToConsul::break_connections(size_t agent) {
  for (auto& [number, pending] : pending_) {
    if (pending.now.agent != agent || !agents_.universe_.random.chance(kTold)) continue;
    fail_in(agents_.universe_.between_ns(kMs / 20, 5 * kMs), pending.now, ErrorKind::kUnknown);
  }
}

void WayToConsul::fail_in(int64_t delay_ns, const Try& of, ErrorKind kind) {
  process_.later(delay_ns, [this, of, kind] { failed(of, kind); });
}

void WayToConsul::failed(const Try& of, ErrorKind kind) {
  Pending* pending = find(of);
  if (pending == nullptr) return;
  agents_.universe_.trace.note(
      "consul", "no answer number agent kind:", {of.number, of.agent, static_cast<uint64_t>(kind)});
  agents_.model.hang_up(std::exchange(pending->asked, 0));
  const bool unsent = kind == ErrorKind::kUnavailable;
  if ((unsent || pending->call.may_repeat) && of.tried + 1 < agents_.count()) {
    ++pending->now.tried;
    return attempt(of.number);
  }
  auto ended = pending_.extract(of.number);
  if (unsent && ended.mapped().sent) kind = ErrorKind::kUnknown;
  ended.mapped().done(fail(kind, "agent " + std::to_string(of.agent) + " does not answer"));
}

WayToConsul::Pending* WayToConsul::find(const Try& of) {
  const auto it = pending_.find(of.number);
  return it == pending_.end() || it->second.now.tried != of.tried ? nullptr : &it->second;
}

}  // namespace tandem::sim

#include "sim/store/group_way.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "wire/envelope.h"

namespace tandem::sim {
namespace {

constexpr uint32_t kQuiet = 20;  // permille: nothing was heard of a replica for a while

group::Gateway::Options options_of(int64_t budget_ns) {
  group::Gateway::Options options;
  options.timeout_ms = static_cast<uint32_t>(budget_ns / kMs);
  return options;
}

}  // namespace

GroupWay::GroupWay(Store& store, Role group, const Address& from, Process& owner,
                   const Clock& clock, int64_t budget_ns)
    : store_(store),
      group_(group),
      from_(from),
      owner_(owner),
      told_(store.group(group).nodes().size()),
      timers_(store.universe, owner),
      gateway_({clock, timers_}, *this, options_of(budget_ns),
               [&universe = store.universe] { return universe.new_id(); }) {}

void GroupWay::start(UniqueFunction<void()> changed) {
  changed_ = std::move(changed);
  take_in();
  look();
}

void GroupWay::look() {
  if (!store_.universe.strikes(store_.plan.stubborn)) take_in();
  owner_.later(store_.universe.between_ns(8 * kMs, 12 * kMs), [this] { look(); });
}

void GroupWay::take_in() {
  Group& group = store_.group(group_);
  for (const auto& node : group.nodes()) {
    Told& told = told_[node->id() - 1];
    const uint64_t before = std::exchange(told.session, node->up() ? node->session() : 0);
    told.quiet = store_.universe.strikes(kQuiet);
    told.in_sync = group.record().contains(node->member());
    if (before != 0 && before != told.session) gateway_.replica_gone(node->id());
  }
  const auto any = store_.universe.random.below(told_.size());
  const Node& leads = *group.nodes()[group.leading_from(any)];
  leader_ = leads.leading() ? leads.id() : 0;
  gateway_.leader_changed();
  if (changed_) changed_();
}

uint64_t GroupWay::leader_session() const { return leader_ == 0 ? 0 : told_[leader_ - 1].session; }

bool GroupWay::connected(repl::ReplicaId id) const { return id != 0 && told_[id - 1].session != 0; }

// Whoever is up and in the set is taken to have some.
bool GroupWay::another_has_space() const {
  for (repl::ReplicaId id = 1; id <= told_.size(); ++id) {
    if (id != leader_ && connected(id) && !quiet(id) && told_[id - 1].in_sync) return true;
  }
  return false;
}

void GroupWay::list(std::vector<Target>& targets) const {
  targets.clear();
  for (repl::ReplicaId id = 1; id <= told_.size(); ++id) {
    targets.push_back({id, connected(id), quiet(id), told_[id - 1].in_sync});
  }
}

// With more patience each time: where everything is slow, repetitions must not keep it so.
void GroupWay::call(repl::ReplicaId id, std::string_view payload, uint64_t timeout_ms,
                    Completion done) {
  const uint32_t doubled = std::min(failures_, store_.plan.doublings);
  const int64_t patience_ns =
      std::min(store_.patience_ns() << doubled, static_cast<int64_t>(timeout_ms) * kMs);
  ask(id, payload, patience_ns, [this, done = std::move(done)](const Response& response) mutable {
    failures_ = response.is_final() ? 0 : failures_ + 1;
    if (response.status == 0) return done(fail(ErrorKind::kUnknown, "the link is broken"));
    std::string answer;
    wire::encode(wire::Response{response.status, response.index, response.body}, answer);
    done(std::string_view(answer));
  });
}

void GroupWay::ask(repl::ReplicaId id, std::string_view payload, int64_t patience_ns,
                   Wires::Done done) {
  wire::Request request;
  CHECK(wire::decode(payload, request));
  Call call{request.method, std::string(request.key), std::string(request.body)};
  if (wire::is_read(request.method)) {
    call.committed = store_.group(group_).world().checks.committed().size();
  } else if (from_.role == Role::kFront && owner_.acts()) {
    store_.ledger.sent(std::string(request.request_id), call.key);
  }
  const bool twice = store_.wires.call(from_, {group_, id}, call, patience_ns, std::move(done));
  if (twice) store_.ledger.comes_twice(call.key);
}

}  // namespace tandem::sim

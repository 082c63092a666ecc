#include "sim/cluster.h"

#include <algorithm>
#include <string>
#include <utility>

namespace tandem::sim {
namespace {

constexpr int64_t kConvergeNs = 60'000 * kMs;

}  // namespace

Cluster::Cluster(uint64_t seed, bool verbose) : world_(seed, verbose) {
  for (repl::ReplicaId id = 1; id <= world_.plan.replicas; ++id) {
    nodes_.push_back(std::make_unique<Node>(
        world_, id, [this](const std::string& key) { clients_.answer(key); }));
  }
  world_.network.deliver_to([this](const repl::Message& message) { deliver(message); });
}

// What is scheduled refers to the parts, which go first.
Cluster::~Cluster() { world_.schedule.clear(); }

void Cluster::deliver(const repl::Message& message) {
  if (message.to == repl::kController) {
    controllers_.receive(message);
  } else {
    nodes_.at(message.to - 1)->receive(message);
  }
}

Cluster::Outcome Cluster::run() {
  create_group();
  for (auto& node : nodes_) node->start();
  controllers_.start();
  clients_.start();
  world_.schedule.after(world_.plan.fault_every_ns, [this] { fault(); });
  const int64_t heals_at = world_.schedule.now() + world_.plan.faults_until_ns;
  while (world_.schedule.now() < heals_at) world_.schedule.run_one();
  heal();
  const int64_t last = world_.schedule.now() + kConvergeNs;
  while (!has_converged()) {
    if (world_.schedule.now() > last) violated("the group does not come together again");
    world_.schedule.run_one();
  }
  check_end();
  return Outcome{world_.trace.hash(), world_.trace.events(), world_.checks.committed().size(),
                 world_.checks.answers().size(), world_.store.record().epoch};
}

void Cluster::create_group() {
  repl::Record record;
  record.lineage = world_.new_id();
  record.epoch = record.version = 1;
  record.leader = 1;
  record.in_sync = {nodes_[0]->member()};
  record.min_in_sync = world_.plan.min_in_sync;
  world_.store.create(record);
}

// --- faults ---

void Cluster::fault() {
  if (world_.healed) return;
  const Plan& plan = world_.plan;
  Node& node = *world_.random.one_of(nodes_);
  uint64_t which = world_.random.below(
      std::max(1U, plan.crashes + plan.pauses + plan.cuts + plan.wipes + plan.removals));
  const auto falls_to = [&which](uint32_t weight) {
    if (which < weight) return true;
    which -= weight;
    return false;
  };
  if (falls_to(plan.crashes)) {
    crash(node);
  } else if (falls_to(plan.pauses)) {
    if (node.up()) node.pause(world_.random.between<int64_t>(kMs, 1500 * kMs));
  } else if (falls_to(plan.cuts)) {
    cut_links();
  } else if (falls_to(plan.wipes)) {
    wipe(node);
  } else if (falls_to(plan.removals)) {
    // Always the same one: with more of them outside, the rest may be fewer than the minimum.
    controllers_.ask_to_leave(plan.replicas);
  }
  world_.schedule.after(world_.random.between<int64_t>(kMs, 2 * plan.fault_every_ns),
                        [this] { fault(); });
}

void Cluster::crash(Node& node) {
  if (!node.up()) return;
  node.crash();
  const int64_t down_ms = world_.random.chance(500) ? 20 : 1500;
  world_.schedule.after(world_.random.between<int64_t>(kMs, down_ms * kMs),
                        [this, &node] { restart(node); });
}

void Cluster::restart(Node& node) {
  if (!node.up()) node.start();
}

// From here to there, both ways, or one replica from all; or all cuts are mended.
void Cluster::cut_links() {
  const auto any = [this] {
    return world_.random.between<repl::ReplicaId>(0, static_cast<uint32_t>(nodes_.size()));
  };
  const repl::ReplicaId from = any();
  const repl::ReplicaId to = any();
  const uint64_t kind = world_.random.below(4);
  world_.trace.note("cut from to kind:", {from, to, kind});
  if (kind == 0) {
    world_.network.mend_cuts();
  } else if (kind == 3) {
    for (repl::ReplicaId other = 0; other <= nodes_.size(); ++other) {
      world_.network.cut(from, other);
      world_.network.cut(other, from);
    }
  } else {
    world_.network.cut(from, to);
    if (kind == 2) world_.network.cut(to, from);
  }
}

// A disk is lost only while each set that the record has or may get keeps another one: no protocol
// survives the loss of them all.
void Cluster::wipe(Node& node) {
  std::vector<repl::Member> disks;
  for (const auto& other : nodes_) disks.push_back(other->member());
  if (!world_.store.can_do_without(node.member(), disks)) return;
  crash(node);
  node.wipe();
}

void Cluster::heal() {
  world_.trace.note("heal", {});
  world_.healed = true;
  world_.network.heal();
  world_.store.heal();
  clients_.stop();
  for (auto& node : nodes_) {
    node->wake();
    restart(*node);
  }
}

// --- the end ---

bool Cluster::has_converged() const {
  if (!clients_.idle()) return false;
  const repl::Record& record = world_.store.record();
  const Node& leader = *nodes_[record.leader - 1];
  if (!leader.leading() || leader.core().epoch() != record.epoch || !leader.core().opened()) {
    return false;
  }
  const repl::Index end = leader.core().last_index();
  return std::all_of(nodes_.begin(), nodes_.end(), [end](const auto& node) {
    return node->up() && node->applied() == end && node->core().last_index() == end;
  });
}

void Cluster::check_end() const {
  const std::vector<std::string>& lines = nodes_[0]->lines();
  for (const auto& node : nodes_) {
    if (node->lines() != lines) violated("states differ at the end");
  }
  // The journal answers a command with its line number, and takes no key twice.
  for (const auto& [key, answer] : world_.checks.answers()) {
    const size_t number = std::stoul(answer.body);
    if (number == 0 || number > lines.size() || lines[number - 1] != key + " does-" + key) {
      violated("an acknowledged command is lost");
    }
  }
}

}  // namespace tandem::sim

#include "sim/group.h"

#include <algorithm>
#include <utility>

namespace tandem::sim {
namespace {

constexpr uint32_t kControllers = 2;
// How far apart processes start. Where one member of the set may lead alone those that come later
// than a controller waits for cannot be heard.
constexpr int64_t kSoonMs = 400;
constexpr int64_t kLateMs = 4000;

}  // namespace

Group::Group(Universe& universe, const Plan& plan, std::string_view name,
             const repl::Controller::Prefer& prefer, const MakeProgram& make)
    : world_(universe, plan, name), prefer_(prefer) {
  for (repl::ReplicaId id = 1; id <= plan.replicas; ++id) {
    nodes_.push_back(std::make_unique<Node>(world_, network_, store_, id, make));
  }
  repl::Record record;
  record.lineage = world_.new_id();
  record.epoch = record.version = 1;
  record.leader = 1;
  record.in_sync = {nodes_[0]->member()};
  record.min_in_sync = plan.min_in_sync;
  store_.create(record);
}

void Group::start() {
  for (auto& node : nodes_) node->start();
  for (uint32_t i = 0; i < kControllers; ++i) {
    if (i < world_.plan.sensible_controllers) {
      controllers_.push_back(sensible_controller(i + 1, world_, network_, store_, nodes_, prefer_));
      continue;
    }
    auto senseless = std::make_unique<SenselessController>(world_, network_, store_, nodes_);
    senseless_ = senseless.get();
    controllers_.push_back(std::move(senseless));
  }
}

void Group::deliver(const repl::Message& message) {
  if (message.to != repl::kController) {
    nodes_.at(message.to - 1)->receive(message);
    return;
  }
  for (auto& controller : controllers_) controller->receive(message);
}

// --- faults ---

void Group::strike() {
  uint32_t sum = 0;
  for (const uint32_t weight : world_.plan.weights) sum += weight;
  if (sum == 0 || is_calm()) return;
  uint64_t which = world_.random.below(sum);
  size_t fault = 0;
  for (; which >= world_.plan.weights[fault]; ++fault) which -= world_.plan.weights[fault];
  Node& node = *world_.random.one_of(nodes_);
  world_.trace.note("fault kind id:", {fault, node.id()});
  if (strike(static_cast<Fault>(fault), node)) ++world_.universe.faults[fault];
}

int64_t Group::next_strike_ns() {
  const bool at_once = world_.random.chance(world_.plan.bursts);
  return world_.between_ns(kMs, at_once ? 20 * kMs : 2 * world_.plan.fault_every_ns);
}

// False: it did not come about.
bool Group::strike(Fault fault, Node& node) {
  const int64_t for_ns = world_.between_ns(kMs, 1500 * kMs);
  switch (fault) {
    case Fault::kCrash:
      if (!node.up()) return false;
      node.crash();
      return true;
    case Fault::kPause:
      if (!node.up()) return false;
      world_.trace.note("pause id ms:", {node.id(), static_cast<uint64_t>(for_ns / kMs)});
      node.pause(for_ns);
      return true;
    case Fault::kCut:
      cut_links();
      return true;
    case Fault::kWipe:
    case Fault::kBitFlip:
      return lose_data(fault, node);
    case Fault::kOtherDisk:
      if (node.up()) node.crash();
      node.change_disk();
      return true;
    case Fault::kRemoval:
      if (senseless_ == nullptr) return false;
      // Always the same one: with more of them outside, the rest may be fewer than the minimum.
      senseless_->ask_to_leave(world_.plan.replicas);
      return true;
    case Fault::kFullDisk:
      node.fill_disk(for_ns);
      return true;
    case Fault::kFailedSync:
      node.fail_next_sync();
      return true;
    case Fault::kStoreGone:
      store_.go_away(for_ns);
      return true;
    case Fault::kStoreWiped:
      store_.lose_record(for_ns);
      return true;
    case Fault::kElection:
      if (senseless_ == nullptr) return false;
      senseless_->want_election();
      return true;
    case Fault::kSplit:
      split();
      return senseless_ != nullptr;
    case Fault::kDiskBack:
      return take_disk_back(node);
    case Fault::kStoreBack:
      return take_record_back();
    case Fault::kEngineLost:
      if (!node.up()) return false;
      node.lose_engine();
      return true;
    case Fault::kEnd:
      if (!node.up()) return false;
      node.end_in_order();
      return true;
    case Fault::kCount:
      break;
  }
  return false;
}

// Somebody else in the set has everything, and can be asked: where nobody can, nothing is known to
// be lacking. So nothing else befalls the group until it has come together. Half of the time
// everything was stopped, and what went back starts first.
bool Group::take_disk_back(Node& node) {
  if (!store_.can_do_without(node.member())) return false;
  if (node.up()) node.crash();
  if (!node.go_back()) return false;
  if (world_.checks.went_back(node.id())) images_.insert(node.member());
  const bool stopped = stop_everything();
  node.heal();
  calm_down(stopped && world_.plan.min_in_sync > 1 ? kLateMs : stopped ? kSoonMs : 0);
  return true;
}

bool Group::stop_everything() {
  if (!world_.random.chance(500)) return false;
  for (auto& node : nodes_) {
    if (node->up()) node->crash();
  }
  return true;
}

// Whoever is down starts within so many milliseconds.
void Group::calm_down(int64_t within_ms) {
  calm_ = true;
  network_.mend_cuts();
  store_.heal();
  for (auto& node : nodes_) {
    node->mend();
    if (node->up()) continue;
    if (within_ms == 0) {
      node->start();
    } else {
      node->stay_down(world_.between_ns(0, within_ms * kMs));
    }
  }
}

// Somebody has to have heard that the newest version was made: what is under way is lost with it.
bool Group::take_record_back() {
  const bool stopped = stop_everything();
  const bool known = std::any_of(nodes_.begin(), nodes_.end(), [this](const auto& node) {
    return node->has_seen(store_.newest());
  });
  if (!known || !store_.go_back()) return false;
  // A leader that slept through its end would find its epoch in the record: the manual has it that
  // all are stopped first.
  for (auto& node : nodes_) {
    if (node->leading() && node->core().epoch() < store_.newest().epoch) node->crash();
  }
  calm_down(stopped ? kSoonMs : 0);
  return true;
}

bool Group::is_calm() {
  // One that lacked something is told so and begins anew, though it may have all of it again.
  std::erase_if(images_, [this](const auto& image) { return !store_.record().contains(image); });
  const bool back = std::any_of(nodes_.begin(), nodes_.end(), [this](const auto& node) {
    return world_.checks.went_back(node->id());
  });
  calm_ = calm_ && (back || !images_.empty() || store_.record() != store_.newest());
  return calm_;
}

// From here to there, both ways, a replica from the others, or the group in two; or all are mended.
void Group::cut_links() {
  const auto last = static_cast<repl::ReplicaId>(nodes_.size());
  const auto any = [&] { return world_.random.between<repl::ReplicaId>(0, last); };
  const repl::ReplicaId from = any();
  const repl::ReplicaId to = any();
  const uint64_t kind = world_.random.below(6);
  const uint64_t alone = uint64_t{1} << from | world_.random.below(2);
  const uint64_t side = kind == 3 ? alone : world_.random.below(uint64_t{2} << last);
  world_.trace.note("cut from to kind side:", {from, to, kind, side});
  if (kind == 0 || world_.random.chance(500)) network_.mend_cuts();
  if (world_.random.chance(300)) {
    world_.schedule.after(world_.between_ns(10 * kMs, 1000 * kMs),
                          [this] { network_.mend_cuts(); });
  }
  if (kind == 1 || kind == 2) network_.cut(from, to);
  if (kind == 2) network_.cut(to, from);
  if (kind <= 2) return;
  // Controllers are on both sides, or with one, and with them the record store.
  cut_off(side, world_.random.chance(500) ? 1 : 0);
}

// Cuts all links between two sides, `first` and up: 0 is the controllers.
void Group::cut_off(uint64_t side, repl::ReplicaId first) {
  for (repl::ReplicaId a = first; a <= nodes_.size(); ++a) {
    for (repl::ReplicaId b = first; b <= nodes_.size(); ++b) {
      if ((side >> a & 1) != (side >> b & 1)) network_.cut(a, b);
    }
  }
}

void Group::split() {
  if (senseless_ == nullptr) return;
  network_.mend_cuts();
  const repl::ReplicaId leader = store_.record().leader;
  const uint64_t others = world_.random.below(uint64_t{2} << nodes_.size()) & ~uint64_t{1};
  cut_off(others | uint64_t{1} << leader, 0);
  senseless_->want_election();
  const auto crash_later = [this](Node& node, int64_t last_ms) {
    if (world_.random.chance(500)) return;
    world_.schedule.after(world_.between_ns(10 * kMs, last_ms * kMs), [this, &node] {
      if (node.up() && !world_.universe.healed) node.crash();
    });
  };
  crash_later(*world_.random.one_of(nodes_), 150);
  crash_later(*nodes_[leader - 1], 300);
}

bool Group::lose_data(Fault fault, Node& node) {
  if (!store_.can_do_without(node.member())) return false;
  if (node.up()) node.crash();
  if (fault == Fault::kBitFlip) return node.flip_bit();
  node.wipe();
  return true;
}

void Group::hand_over() {
  const repl::ReplicaId id = world_.random.one_of(nodes_)->id();
  world_.trace.note("hand over to:", {id});
  for (auto& controller : controllers_) controller->hand_over(id);
}

size_t Group::leading_from(size_t first) {
  const bool latest = world_.random.chance(700);
  size_t found = first;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const size_t node = (first + i) % nodes_.size();
    if (!nodes_[node]->leading()) continue;
    const bool none = !nodes_[found]->leading();
    const bool later = !none && nodes_[node]->core().epoch() > nodes_[found]->core().epoch();
    if (none || (latest && later)) found = node;
  }
  return found;
}

// --- the end ---

void Group::heal() {
  network_.mend_cuts();
  store_.heal();
  for (auto& node : nodes_) node->heal();
}

bool Group::has_converged() const {
  const Node& leader = *nodes_[record().leader - 1];
  if (!leader.leading() || leader.core().epoch() != record().epoch || !leader.core().opened()) {
    return false;
  }
  const repl::Index end = leader.core().last_index();
  return std::all_of(nodes_.begin(), nodes_.end(), [end](const auto& node) {
    return node->up() && node->applied() == end && node->core().last_index() == end;
  });
}

void Group::check_states() const {
  const std::string rows = nodes_[0]->rows();
  for (const auto& node : nodes_) {
    if (node->rows() != rows) violated("states differ at the end");
  }
}

}  // namespace tandem::sim

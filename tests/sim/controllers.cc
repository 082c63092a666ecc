#include "sim/controllers.h"

#include <algorithm>
#include <utility>

#include "repl/planted.h"

namespace tandem::sim {

using repl::Bug;

namespace {

// A leader that was not seen open for so long, and a lease, is replaced.
constexpr int64_t kOpeningNs = 400 * kMs;
// The number of the controller that asks is above these bits of a question.
constexpr unsigned kQuestionBits = 48;
// So many of its old messages the senseless one sends again at a time.
constexpr int kRepeated = 5;

// The owner of a real controller, as rs-orch is one: knows with a delay which processes live.
class SensibleController final : public ControllerProcess {
 public:
  SensibleController(uint64_t number, World& world, Network& network, RecordStore& store,
                     const Nodes& nodes, const repl::Controller::Prefer& prefer)
      : number_(number),
        world_(world),
        network_(network),
        store_(store),
        nodes_(nodes),
        core_(repl::ControllerOptions{}, prefer) {
    core_.set_active(true);
    tick();
  }

  // Answers go to who asked.
  void receive(const repl::Message& answer) override {
    if (answer.question >> kQuestionBits != number_) return;
    repl::Message own = answer;
    own.question -= number_ << kQuestionBits;
    repl::ControllerEffects out;
    core_.state_answered(own, world_.now(), out);
    carry_out(out);
  }

  void hand_over(repl::ReplicaId id) override {
    repl::ControllerEffects out;
    if (core_.transfer(id, world_.now(), out)) carry_out(out);
  }

 private:
  void carry_out(const repl::ControllerEffects& out) {
    for (const std::string& notice : out.notices) world_.trace.say(notice);
    for (const repl::Message& message : out.messages) {
      if (message.type == repl::MessageType::kSessionDown && !holds(message)) continue;
      repl::Message sent = message;
      if (sent.question != 0) sent.question += number_ << kQuestionBits;
      network_.send(sent);
    }
    next_tick_ns_ = core_.next_tick_ns(world_.now());
    if (out.read_record) read_record();
    if (!out.swap) return;
    store_.swap(*out.swap, true, [this, expected = out.swap->expected_version](bool applied) {
      repl::ControllerEffects more;
      core_.swap_done(expected, applied, world_.now(), more);
      carry_out(more);
    });
  }

  // A proof is told where, now that its epoch is in the record, no other session is registered.
  bool holds(const repl::Message& down) const {
    const Node& node = *nodes_.at(down.subject - 1);
    return !down.proven || (node.session() == down.subject_session && !node.up());
  }

  void read_record() {
    store_.read(true, [this](bool read, const std::optional<repl::Record>& record) {
      if (read) take_record(record, true);
    });
  }

  void take_record(const std::optional<repl::Record>& record, bool consistent) {
    repl::Reading reading;
    if (record) reading = repl::Reading(*record);
    reading.consistent = consistent;
    repl::ControllerEffects out;
    core_.record_read(reading, world_.now(), out);
    carry_out(out);
  }

  void tick() {
    repl::ControllerEffects out;
    tick_core();
    for (const auto& node : nodes_) look_at(*node, out);
    carry_out(out);
    if (world_.random.chance(50)) read_record();
    if (world_.strikes(world_.plan.stale_watch)) {
      take_record(store_.stale(store_.record().version), false);
    }
    world_.schedule.after(world_.between_ns(8 * kMs, 12 * kMs), [this] { tick(); });
  }

  // Its owner sleeps until the core's next tick, as it was told after the last event: one before it
  // must bring about nothing.
  void tick_core() {
    const bool due = next_tick_ns_ <= world_.now();
    repl::ControllerEffects out;
    core_.tick(world_.now(), out);
    const bool nothing =
        !out.read_record && !out.swap && out.messages.empty() && out.notices.empty();
    if (!due && !nothing) violated("something was due before the controller's next tick");
    carry_out(out);
  }

  void look_at(const Node& node, repl::ControllerEffects& out) {
    if (!world_.random.chance(300)) return;
    const repl::ReplicaId id = node.member().id;
    const uint64_t session = node.session();
    if (node.up()) {
      core_.replica_up(node.member(), session, world_.now());
    } else if (session != 0 && std::exchange(known_dead_[id], session) != session) {
      core_.replica_dead(id, session, world_.now(), out);
    }
  }

  const uint64_t number_;
  World& world_;
  Network& network_;
  RecordStore& store_;
  const Nodes& nodes_;
  repl::Controller core_;
  int64_t next_tick_ns_ = 0;
  std::map<repl::ReplicaId, uint64_t> known_dead_;  // sessions
};

}  // namespace

std::unique_ptr<ControllerProcess> sensible_controller(uint64_t number, World& world,
                                                       Network& network, RecordStore& store,
                                                       const Nodes& nodes,
                                                       const repl::Controller::Prefer& prefer) {
  return std::make_unique<SensibleController>(number, world, network, store, nodes, prefer);
}

SenselessController::SenselessController(World& world, Network& network, RecordStore& store,
                                         const Nodes& nodes)
    : world_(world), network_(network), store_(store), nodes_(nodes) {
  look();
}

void SenselessController::look() {
  store_.read(true, [this](bool read, const std::optional<repl::Record>& record) {
    record_ = read ? record : std::nullopt;
    question_ = world_.new_id();
    answers_.clear();
    for (const auto& node : nodes_) {
      if (!record_ || (!record_->contains(node->member()) && !planted(Bug::kElectOutside)))
        continue;
      repl::Message m;
      m.type = repl::MessageType::kQueryState;
      m.question = question_;
      send(std::move(m), node->member().id, *record_);
    }
    world_.schedule.after(world_.between_ns(kMs, 20 * kMs), [this] { decide(); });
  });
}

void SenselessController::receive(const repl::Message& answer) {
  if (answer.type != repl::MessageType::kState || answer.question != question_) return;
  answers_[answer.from] = answer;
  if (answer.state.opened && answer.state.promise == watched_epoch_) {
    watched_since_ns_ = world_.now();
  }
}

void SenselessController::decide() {
  if (!sent_.empty() && world_.strikes(300)) {
    for (int i = 0; i < kRepeated; ++i) network_.send(world_.random.one_of(sent_));
  }
  if (record_) {
    if (std::exchange(watched_epoch_, record_->epoch) != record_->epoch) {
      watched_since_ns_ = world_.now();
    }
    if (std::exchange(wants_election_, false) ||
        world_.now() - watched_since_ns_ > kOpeningNs + world_.plan.replica.lease_ns) {
      elect();
    } else {
      if (world_.random.chance(500)) announce(*record_);
      if (world_.random.chance(500)) tell_deaths(*record_);
    }
  }
  world_.schedule.after(world_.between_ns(kMs, world_.plan.controller_ns), [this] { look(); });
}

// Any in-sync member that answered, by compare-and-swap on the version that was read before asking.
void SenselessController::elect() {
  std::vector<repl::Member> able;
  for (const auto& [id, answer] : answers_) {
    const repl::Member member{id, answer.storage_id};
    if (record_->contains(member) || planted(Bug::kElectOutside)) able.push_back(member);
  }
  if (able.empty()) return;
  // Often the leader itself: what is late of its former epoch finds it in the next.
  const repl::Member* leader = record_->find(record_->leader);
  const bool again = leader != nullptr && world_.random.chance(400) &&
                     std::find(able.begin(), able.end(), *leader) != able.end();
  const repl::Member chosen = again ? *leader : world_.random.one_of(able);
  repl::Swap swap{record_->version, *record_, *record_};
  swap.record.version += 1;
  swap.record.epoch += 1;
  swap.record.leader = chosen.id;
  swap.record.leader_session = answers_.at(chosen.id).session;
  if (!record_->contains(chosen)) {
    std::erase_if(swap.record.in_sync, [&](const auto& member) { return member.id == chosen.id; });
    swap.record.in_sync.push_back(chosen);
    std::sort(swap.record.in_sync.begin(), swap.record.in_sync.end());
  }
  world_.trace.note("election epoch leader:", {swap.record.epoch, swap.record.leader});
  store_.swap(swap, true, [this, record = swap.record](bool applied) {
    if (applied) announce(record);
  });
}

void SenselessController::announce(const repl::Record& record) {
  for (repl::ReplicaId id = 1; id <= nodes_.size(); ++id) {
    repl::Message m;
    m.type = repl::MessageType::kAnnounce;
    m.record = record;
    send(std::move(m), id, record);
  }
}

// The record was read before the processes are looked at, so a death is known to be one of a
// process that was registered when the epoch had begun.
void SenselessController::tell_deaths(const repl::Record& record) {
  for (repl::ReplicaId id = 1; id <= nodes_.size(); ++id) {
    const Node& node = *nodes_[id - 1];
    if (id == record.leader || node.session() == 0) continue;
    repl::Message m;
    m.type = repl::MessageType::kSessionDown;
    m.subject = id;
    m.subject_session = node.session();
    m.proven = !node.up();
    if (m.proven || world_.random.chance(300)) send(std::move(m), record.leader, record);
  }
}

void SenselessController::ask_to_leave(repl::ReplicaId subject) {
  repl::Message m;
  m.type = repl::MessageType::kRemoveMember;
  m.subject = subject;
  send(std::move(m), store_.record().leader, store_.record());
}

void SenselessController::send(repl::Message message, repl::ReplicaId to,
                               const repl::Record& record) {
  message.lineage = record.lineage;
  message.epoch = record.epoch;
  message.from = repl::kController;
  message.to = to;
  network_.send(message);
  const bool late_does_harm = message.type == repl::MessageType::kAnnounce ||
                              message.type == repl::MessageType::kSessionDown;
  if (late_does_harm) sent_.push_back(std::move(message));
}

}  // namespace tandem::sim

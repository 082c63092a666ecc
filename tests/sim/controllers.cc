#include "sim/controllers.h"

#include <utility>

namespace tandem::sim {
namespace {

constexpr size_t kControllers = 2;
// A leader that was not seen open for so long is replaced.
constexpr int64_t kOpeningNs = 400 * kMs;

}  // namespace

void Controllers::start() {
  controllers_.resize(kControllers);
  for (size_t i = 0; i < kControllers; ++i) look(i);
}

void Controllers::look(size_t i) {
  world_.store.read(
      [this, i](const std::optional<repl::Record>& record) { record_was_read(i, record); });
}

void Controllers::record_was_read(size_t i, const std::optional<repl::Record>& record) {
  Controller& controller = controllers_[i];
  controller.record = record;
  controller.question = ++last_question_;
  controller.answers.clear();
  if (record) {
    for (const repl::Member& member : record->in_sync) {
      repl::Message m;
      m.type = repl::MessageType::kQueryState;
      m.question = controller.question;
      send(std::move(m), member.id, *record);
    }
  }
  world_.schedule.after(world_.random.between<int64_t>(kMs, 60 * kMs), [this, i] { decide(i); });
}

void Controllers::receive(const repl::Message& answer) {
  for (Controller& controller : controllers_) {
    if (answer.type == repl::MessageType::kState && answer.question == controller.question) {
      controller.answers[answer.from] = answer;
      if (answer.state.opened && answer.state.promise == controller.watched_epoch) {
        controller.watched_since_ns = world_.schedule.now();
      }
    }
  }
}

bool Controllers::wants_election(const Controller& controller) const {
  return world_.schedule.now() - controller.watched_since_ns > kOpeningNs;
}

void Controllers::decide(size_t i) {
  Controller& controller = controllers_[i];
  if (controller.record) {
    const repl::Record& record = *controller.record;
    if (std::exchange(controller.watched_epoch, record.epoch) != record.epoch) {
      controller.watched_since_ns = world_.schedule.now();
    }
    const bool needless = !world_.healed && world_.random.chance(world_.plan.needless_election);
    if (needless || wants_election(controller)) {
      elect(i);
    } else {
      if (world_.random.chance(500)) announce(record);
      if (world_.random.chance(500)) tell_deaths(record);
    }
  }
  world_.schedule.after(world_.random.between<int64_t>(kMs, world_.plan.controller_ns),
                        [this, i] { look(i); });
}

// Any in-sync member that answered, by compare-and-swap on the version that was read before asking.
void Controllers::elect(size_t i) {
  const Controller& controller = controllers_[i];
  std::vector<repl::ReplicaId> able;
  for (const auto& [id, answer] : controller.answers) {
    if (controller.record->contains(repl::Member{id, answer.storage_id})) able.push_back(id);
  }
  if (able.empty()) return;
  repl::Swap swap{controller.record->version, *controller.record};
  swap.record.version += 1;
  swap.record.epoch += 1;
  swap.record.leader = world_.random.one_of(able);
  world_.trace.note("election epoch leader:", {swap.record.epoch, swap.record.leader});
  world_.store.swap(swap, [this, record = swap.record](bool applied) {
    if (applied) announce(record);
  });
}

void Controllers::announce(const repl::Record& record) {
  for (repl::ReplicaId id = 1; id <= nodes_.size(); ++id) {
    repl::Message m;
    m.type = repl::MessageType::kAnnounce;
    m.record = record;
    send(std::move(m), id, record);
  }
}

void Controllers::tell_deaths(const repl::Record& record) {
  for (repl::ReplicaId id = 1; id <= nodes_.size(); ++id) {
    const Node& node = *nodes_[id - 1];
    if (id == record.leader || node.session() == 0) continue;
    repl::Message m;
    m.type = repl::MessageType::kSessionDown;
    m.subject = id;
    m.subject_session = node.session();
    m.proven = !node.up();
    if (m.proven || world_.random.chance(100)) send(std::move(m), record.leader, record);
  }
}

void Controllers::ask_to_leave(repl::ReplicaId subject) {
  repl::Message m;
  m.type = repl::MessageType::kRemoveMember;
  m.subject = subject;
  send(std::move(m), world_.store.record().leader, world_.store.record());
}

void Controllers::send(repl::Message message, repl::ReplicaId to, const repl::Record& record) {
  message.lineage = record.lineage;
  message.epoch = record.epoch;
  message.from = repl::kController;
  message.to = to;
  world_.network.send(message);
}

}  // namespace tandem::sim

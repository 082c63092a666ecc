#include "sim/cluster.h"

#include <memory>

namespace tandem::sim {
namespace {

constexpr int64_t kConvergeNs = 60'000 * kMs;

bool lower_id(const repl::Candidate& a, const repl::Candidate& b) {
  return a.member.id < b.member.id;
}

}  // namespace

Cluster::Cluster(uint64_t seed, bool verbose)
    : universe_(seed, verbose),
      group_(universe_, draw_plan(universe_.random), "", lower_id,
             [this](Node& node) {
               return std::make_unique<Database>(node, group_.world().checks, clients_);
             }),
      clients_(group_) {}

Outcome Cluster::run() {
  group_.start();
  clients_.start();
  next_fault();
  const int64_t heals_at = universe_.now() + group_.world().plan.faults_until_ns;
  while (universe_.now() < heals_at) universe_.schedule.run_one();
  universe_.trace.note("", "heal", {});
  universe_.healed = true;
  clients_.stop();
  group_.heal();
  const int64_t last = universe_.now() + kConvergeNs;
  while (!clients_.idle() || !group_.has_converged()) {
    if (universe_.now() > last) violated("the group does not come together again");
    universe_.schedule.run_one();
  }
  group_.check_states();
  const Node& node = *group_.nodes()[0];
  clients_.check(database_of(node).objects(), node.applied());
  Outcome outcome;
  outcome.seeds = 1;
  outcome.hash = universe_.trace.hash();
  outcome.events = universe_.trace.events();
  outcome.committed = group_.world().checks.committed().size();
  outcome.answered = group_.world().checks.acknowledged();
  outcome.reads = clients_.reads();
  outcome.undecided = clients_.undecided();
  outcome.epochs = group_.record().epoch;
  outcome.faults = universe_.faults;
  return outcome;
}

void Cluster::next_fault() {
  if (universe_.healed) return;
  group_.strike();
  universe_.schedule.after(group_.next_strike_ns(), [this] { next_fault(); });
}

}  // namespace tandem::sim

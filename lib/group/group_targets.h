// The replicas of a group for its gateway: of the registry, with an rpc link each, and what is known
// of who leads.
#pragma once

#include <string_view>
#include <vector>

#include "group/leadership.h"
#include "group/replicas.h"
#include "group/targets.h"

namespace tandem::group {

class GroupTargets final : public Targets {
 public:
  // Both outlive this.
  GroupTargets(Replicas& replicas, const Leadership& leadership)
      : replicas_(replicas), leadership_(leadership) {}

  repl::ReplicaId leader() const override { return leadership_.leader(); }
  bool leader_open() const override { return leadership_.leader_open(); }
  bool another_has_space() const override { return leadership_.another_has_space(); }
  std::string_view leader_noun() const override { return leadership_.nouns().leader; }
  bool connected(repl::ReplicaId id) const override;
  bool quiet(repl::ReplicaId id) const override { return leadership_.quiet(id); }
  void list(std::vector<Target>& targets) const override;
  void call(repl::ReplicaId id, std::string_view payload, uint64_t timeout_ms,
            Completion done) override;
  SharedBytes keep(repl::ReplicaId id, std::string_view part) const override;
  void read_served(repl::ReplicaId id) override;
  void ended(const Ended& call) override;

 private:
  Replicas& replicas_;
  const Leadership& leadership_;
};

}  // namespace tandem::group

// The way of one process of the store to a group: the gateway that ships (group/gateway.h) over
// simulated wires. What the process knows of the replicas it was told some time ago: it may take a
// former leader for the leader, one that does not lead yet, or none.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/function.h"
#include "group/gateway.h"
#include "group/targets.h"
#include "sim/process.h"
#include "sim/store/process_timer.h"
#include "sim/store/store.h"

namespace tandem::sim {

class GroupWay final : public group::Targets {
 public:
  // All of them outlive this, which dies with the process that asks, `owner`, at this address.
  GroupWay(Store& store, Role group, const Address& from, Process& owner, const Clock& clock,
           int64_t budget_ns);

  // The process is up; `changed` is called when something is told.
  void start(UniqueFunction<void()> changed);
  group::Gateway& gateway() { return gateway_; }
  const group::Gateway& gateway() const { return gateway_; }
  // Of the leader, where that takes writes and is there, as was told; else 0.
  uint64_t leader_session() const;
  // Asks a replica; status 0: no answer came in this time.
  void ask(repl::ReplicaId id, std::string_view payload, int64_t patience_ns, Wires::Done done);

  repl::ReplicaId leader() const override { return leader_; }

 private:
  struct Told {  // of a replica
    uint64_t session = 0;
    bool quiet = false;
    bool in_sync = false;
  };

  void look();
  void take_in();
  bool leader_open() const override { return leader_ != 0; }
  bool another_has_space() const override;
  std::string_view leader_noun() const override { return "leader"; }
  bool connected(repl::ReplicaId id) const override;
  bool quiet(repl::ReplicaId id) const override { return id != 0 && told_[id - 1].quiet; }
  void list(std::vector<Target>& targets) const override;
  void call(repl::ReplicaId id, std::string_view payload, uint64_t timeout_ms,
            Completion done) override;
  SharedBytes keep(repl::ReplicaId, std::string_view) const override { return {}; }
  void read_served(repl::ReplicaId) override {}
  void ended(const Ended&) override {}

  Store& store_;
  const Role group_;
  const Address from_;
  Process& owner_;
  std::vector<Told> told_;      // by id, from 1
  repl::ReplicaId leader_ = 0;  // 0: none
  uint32_t failures_ = 0;       // since somebody answered
  UniqueFunction<void()> changed_;
  ProcessTimers timers_;
  group::Gateway gateway_;
};

}  // namespace tandem::sim

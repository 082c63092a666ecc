// The agents of one simulated Consul, and the ways of processes to them. A request may be lost,
// carried out twice, or later than its caller has given up; its answer may be lost though it was
// carried out. An agent may be gone, cut off, or without a server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "consul/transport.h"
#include "sim/coord/consul_model.h"
#include "sim/coord/coord_plan.h"
#include "sim/process.h"
#include "sim/universe.h"

namespace tandem::sim {

class WayToConsul;

// A try of a call at one agent.
struct Try {
  uint64_t number = 0;  // of the call
  size_t tried = 0;     // agents before
  size_t agent = 0;
};

enum class AgentState { kWell, kGone, kSilent, kAlone };

class Agents {
 public:
  Agents(Universe& universe, const CoordPlan& plan)
      : model(universe.schedule, universe.random),
        universe_(universe),
        plan_(plan),
        states_(plan.agents, AgentState::kWell) {
    model.stale = plan.stale;
  }

  size_t count() const { return states_.size(); }
  AgentState state(size_t agent) const { return states_[agent]; }
  void set(size_t agent, AgentState state);
  // Every connection breaks, as where all agents start anew.
  void break_connections();
  void heal();

  ConsulModel model;

 private:
  friend class WayToConsul;

  // What is on its way here may outlive the life of the process that sent it, and with that the way.
  struct Sender {
    WayToConsul* way;
    Process* process;
    uint64_t session;
    bool lives() const { return process->up() && process->session() == session; }
  };
  void arrive(const Sender& from, const Try& of, const consul::Call& call);
  void carried_out(const Sender& from, const Try& of, const ConsulModel::Reply& reply);

  Universe& universe_;
  const CoordPlan& plan_;
  std::vector<AgentState> states_;
  std::vector<WayToConsul*> ways_;
};

// Of one life of a process.
class WayToConsul final : public consul::Transport {
 public:
  // Both outlive this.
  WayToConsul(Agents& agents, Process& process);
  ~WayToConsul() override;
  WayToConsul(const WayToConsul&) = delete;
  WayToConsul& operator=(const WayToConsul&) = delete;

  uint64_t send(consul::Call call, Done done) override;
  void cancel(uint64_t number) override;
  void try_another() override { first_ = (first_ + 1) % agents_.count(); }
  std::string agent() const override { return "agent " + std::to_string(first_); }

  // The process ends without a word: nothing leaves it any more.
  void dies() { dead_ = true; }
  uint64_t sent() const { return last_number_; }
  // Queries that wait for a change.
  size_t waiting() const;
  void break_connections(size_t agent);

 private:
  friend class Agents;

  struct Pending {
    consul::Call call;
    Done done;
    Try now;
    bool sent = false;   // something, to any agent
    uint64_t asked = 0;  // the model's number; 0: none
  };

  void attempt(uint64_t number);
  void fail_in(int64_t delay_ns, const Try& of, ErrorKind kind);
  void failed(const Try& of, ErrorKind kind);
  Pending* find(const Try& of);

  Agents& agents_;
  Process& process_;
  bool dead_ = false;
  size_t first_ = 0;  // the agent that calls begin with
  uint64_t last_number_ = 0;
  std::map<uint64_t, Pending> pending_;
};

}  // namespace tandem::sim

// What is tortured, as the run (run.h) sees it: a system of real processes with its clients, the
// faults that can strike it, and what it comes to in the end. One thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "schedule.h"

namespace tandem::torture {

// What was found out about a run.
struct Judgement {
  std::vector<std::string> violations;  // for people, the first lines tell most
  std::vector<std::string> undecided;   // what no checker could decide within its budget
  std::vector<std::string> facts;       // one line each
};

class Subject {
 public:
  virtual ~Subject() = default;

  virtual std::span<const FaultInfo> faults() const = 0;

  // Everything but the clients; waits until it is ready.
  virtual Status start() = 0;
  virtual void start_clients() = 0;
  // Each finishes what it has begun; where `at_once`, as nothing is answered any more, it leaves
  // that without an outcome, which is no violation then.
  virtual void stop_clients(bool at_once) = 0;

  // Called often. Starts again what was killed; gives what ended in any other way, or nothing.
  virtual std::string restart_killed() = 0;
  // Nothing of what faults did is left.
  virtual bool whole() = 0;
  // What it says itself of why it is not whole, for people.
  virtual std::string trouble() = 0;

  // Gives whom it struck. kUnavailable: there is nobody now whom this fault could strike; heal()
  // undoes what was done.
  virtual Result<std::string> inject(const Fault& fault) = 0;
  // Ends what inject() began. Processes that were killed are started again by those who watch them.
  virtual Status heal() = 0;

  // REQUIRES: the clients have ended and the system is whole.
  virtual void judge_running(Judgement& judgement) = 0;
  // TERM to all; complains about every exit status but 0.
  virtual Status stop() = 0;
  // `was_whole`: judge_running() has been called.
  virtual void judge_stopped(bool was_whole, Judgement& judgement) = 0;

  // The moments when writes of clients were acknowledged, in us, ascending. REQUIRES: the clients
  // have ended.
  virtual std::vector<int64_t> acknowledgements() const = 0;
  // The same of writes to what it coordinates by; empty where nobody looks.
  virtual std::vector<int64_t> coordination_writes() const { return {}; }
  // What the seed and the settings made of it, for people.
  virtual std::string configuration() const = 0;
  // The history of its clients, one JSON object a line.
  virtual void save_history(const std::string& path) const = 0;
};

}  // namespace tandem::torture

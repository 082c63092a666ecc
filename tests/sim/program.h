// What runs on a replica above the protocol: the state machine, and what serves its clients. Made
// when the process starts, gone when it dies.
#pragma once

#include <functional>
#include <memory>

#include "base/function.h"
#include "repl/driver.h"
#include "repl/state_machine.h"

namespace tandem::sim {

class Node;

class Program {
 public:
  virtual ~Program() = default;
  virtual repl::StateMachine& machine() = 0;
  // The driver is there, and starts next.
  virtual void begin(repl::Driver&) {}
  // The process is about to end: takes nothing new, and says when what is under way is finished.
  virtual void drain(UniqueFunction<void()> done) { done(); }
  // A command was applied, with this answer; whoever asked for it hears of it next.
  virtual void applied(const wire::Entry&, const repl::Applied&) {}
};

// The node outlives the program, and is able to be asked once it has started.
using MakeProgram = std::function<std::unique_ptr<Program>(Node& node)>;

}  // namespace tandem::sim

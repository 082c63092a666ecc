// Who looks after the processes of a group's replicas. What a Group needs of it, and all that it
// does for it: a Keeper where the system's supervisor starts them, the fleet of rs-orch, which
// starts them itself. Who leads, and what is told of lost data, is the group's own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/function.h"
#include "group/leadership.h"
#include "group/loss.h"
#include "group/replicas.h"
#include "repl/types.h"

namespace tandem::group {

class Caretaker {
 public:
  enum class Role {
    kPassive,  // another process is the active one
    kStandIn,  // it is, and does nothing: a leader is chosen here too
    kActive,
  };

  virtual ~Caretaker() = default;

  // It begins passive.
  virtual void set_role(Role role) = 0;
  // Looks at what is and what is to be; every few ms, in each role. Keeps the registry read.
  virtual void look() = 0;
  // This replica has registered in a session that is new here.
  virtual void replica_up(const ReplicaLink& replica) = 0;
  // A link broke: its process may be dead.
  virtual void link_lost() = 0;

  // Whom a new group begins with, all of them; nullopt: it is too early to say. Asked where there
  // is no record.
  virtual std::optional<std::set<repl::ReplicaId>> founders() = 0;
  // What is known of these members of the set, which do not answer. Looks at files.
  virtual std::vector<LossEvidence> evidence(const std::vector<repl::Member>& members) const = 0;
  virtual LossWords words() const = 0;
  // What keeps the group from working that only this one can know; it is told instead of what data
  // may be lost. "" where nothing is known to be wrong.
  virtual std::string trouble() const = 0;

  // Lets go of the processes, or ends them where they are its own and it is the active one.
  virtual void drain(UniqueFunction<void()> done) = 0;
};

// Called once, by a Group for its own; both outlive what it makes.
using MakeCaretaker =
    std::function<std::unique_ptr<Caretaker>(Replicas& replicas, Leadership& leadership)>;

}  // namespace tandem::group

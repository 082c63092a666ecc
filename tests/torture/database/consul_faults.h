// The faults of the Consul that the database coordinates by, and of workers beside it.
#pragma once

#include <string>

#include "base/result.h"
#include "consul.h"
#include "schedule.h"

namespace tandem::torture::database {

class ConsulFaults {
 public:
  explicit ConsulFaults(Consul& consul) : consul_(consul) {}

  static bool knows(const Fault& fault);
  // Of Consul alone; gives whom it struck, for people. kUnavailable: it has no leader, or nothing was
  // kept that could be restored.
  Result<std::string> inject(const Fault& fault);
  // It kills the leader of the workers as well.
  static bool kills_leader(const Fault& fault);
  // Keeps a state of Consul for later, where this choice wants it. Called after each fault has struck.
  void pass(const Fault& fault);
  void heal() { consul_.heal(); }

 private:
  Result<std::string> restore();

  Consul& consul_;
};

}  // namespace tandem::torture::database

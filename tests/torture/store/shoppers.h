// The clients of the store: eight shoppers, two of which only buy, two watchers, one operator who
// changes prices, one who restocks and adds toys. A thread each; one operation after the other.
#pragma once

#include <thread>
#include <vector>

#include "store/client.h"

namespace tandem::torture::store {

class Clients {
 public:
  explicit Clients(Shared& shared);
  // Ends them; each learns the outcome of everything that it has begun.
  void stop(bool at_once);

 private:
  Shared& shared_;
  std::vector<std::thread> threads_;
};

}  // namespace tandem::torture::store

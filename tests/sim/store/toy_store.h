// One run of the toy store: fronts, order replicas, catalog replicas and shoppers, the faults that
// hit them, and the end where everything heals and must come together again.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/outcome.h"
#include "sim/store/front.h"
#include "sim/store/shopper.h"
#include "sim/store/store.h"
#include "sim/universe.h"

namespace tandem::sim {

class ToyStore {
 public:
  ToyStore(uint64_t seed, bool verbose);
  // What is scheduled refers to the parts, which go first.
  ~ToyStore() { universe_.schedule.clear(); }
  ToyStore(const ToyStore&) = delete;
  ToyStore& operator=(const ToyStore&) = delete;

  // A broken invariant ends the process.
  Outcome run();

 private:
  void next_fault();
  bool strike(StoreFault fault);
  void cut_wires();
  void part(uint32_t front);
  void mend_after(int64_t least_ns);
  std::vector<Address> all_processes() const;
  void heal();
  bool has_converged() const;
  Outcome outcome() const;

  Universe universe_;
  Store store_;
  std::vector<std::unique_ptr<Front>> fronts_;
  std::vector<std::unique_ptr<Shopper>> shoppers_;
  std::array<uint64_t, kStoreFaults> faults_{};  // that came
};

}  // namespace tandem::sim

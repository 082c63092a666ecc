// The simulated coordination service: one record with compare-and-swap. A swap may be carried out
// long after its caller was told that the outcome is unknown, refused, or done with the reply lost.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/function.h"
#include "repl/events.h"
#include "repl/types.h"
#include "sim/checks.h"
#include "sim/plan.h"
#include "sim/random.h"
#include "sim/schedule.h"
#include "sim/trace.h"

namespace tandem::sim {

class RecordStore {
 public:
  RecordStore(Schedule& schedule, Random& random, Trace& trace, const Plan& plan, Checks& checks)
      : schedule_(schedule), random_(random), trace_(trace), plan_(plan), checks_(checks) {}

  // `done` gets true for a clear yes and is always called.
  void swap(const repl::Swap& swap, UniqueFunction<void(bool)> done);
  // `done` gets a value that was the record between now and then; nullopt: the read failed.
  void read(UniqueFunction<void(const std::optional<repl::Record>&)> done);
  void heal() { healed_ = true; }

  const repl::Record& record() const { return *record_; }
  void create(const repl::Record& record);
  // Whether every set that is or may become the record's has a member other than this one.
  bool can_do_without(const repl::Member& member, const std::vector<repl::Member>& disks) const;

 private:
  struct Request {
    repl::Swap swap;
    bool refused = false;
    UniqueFunction<void(bool)> done;
  };
  void carry_out(uint64_t number);
  void give_up(uint64_t number);

  Schedule& schedule_;
  Random& random_;
  Trace& trace_;
  const Plan& plan_;
  Checks& checks_;
  std::optional<repl::Record> record_;
  std::map<uint64_t, Request> requests_;
  uint64_t last_request_ = 0;
  bool healed_ = false;
};

}  // namespace tandem::sim

// One process of a simulated group: it runs the shipped consul::ConsulCoord, watches the record and
// the members, changes the record, is a member, and waits for the locks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "coord/coord.h"
#include "sim/coord/agents.h"
#include "sim/coord/coord_checks.h"
#include "sim/coord/coord_plan.h"
#include "sim/coord/sight.h"
#include "sim/process.h"
#include "sim/store/process_timer.h"
#include "sim/universe.h"

namespace tandem::sim {

// What the processes share.
struct CoordWorld {
  Universe& universe;
  const CoordPlan& plan;
  Agents& agents;
  Lives& lives;
  CoordChecks& checks;
};

class CoordProcess final : public Process, private Clock {
 public:
  static constexpr const char* kGroup = "g";
  static std::string lock_name(size_t lock) { return "lock" + std::to_string(lock); }

  CoordProcess(const CoordWorld& world, uint32_t id);

  uint32_t id() const { return id_; }
  void start() override;
  void crash() override;
  // In good order: locks and entry go first.
  void end();
  void let_go_of_locks();
  void heal();

  // What the value of its locks says of it.
  std::string holder() const;
  // Whether it believes so; asked from outside, though it may stand.
  bool holds(size_t lock) const;
  // When that began (true time).
  int64_t holds_since(size_t lock) const { return life_->locks[lock].since_ns; }
  bool waits_for_all_locks() const;
  // Nothing that it began has no end.
  bool is_idle() const { return life_->calls.empty(); }
  bool registered() const { return life_ != nullptr && life_->registered; }
  bool leaves() const { return life_ == nullptr || life_->ending; }
  const std::optional<coord::Versioned>& told() const { return life_->told; }
  const std::vector<coord::Member>& told_members() const { return life_->told_members; }
  const WayToConsul& way() const { return life_->way; }
  uint64_t done() const { return done_; }  // calls

 private:
  struct HeldLock {
    std::unique_ptr<coord::Lock> lock;
    bool told_held = false;
    bool releasing = false;
    int64_t since_ns = 0;
  };
  // What dies with the process.
  struct Life {
    explicit Life(CoordProcess& process);
    uint64_t session;
    ProcessTimers timers;
    WayToConsul way;
    Sight sight;
    std::map<uint64_t, bool> calls;       // under way; true: being made
    std::vector<coord::Versioned> known;  // told, the last ones
    std::optional<coord::Versioned> told;
    size_t told_place = 0;
    std::vector<coord::Member> told_members;
    bool registered = false;
    bool registering = false;
    bool ending = false;
    size_t to_end = 0;  // steps of the end that are under way
    std::unique_ptr<coord::Coord> coord;
    std::unique_ptr<coord::Watch> record_watch;
    std::unique_ptr<coord::Watch> member_watch;
    std::vector<HeldLock> locks;
    std::unique_ptr<Timer> swaps;
    std::unique_ptr<Timer> registration;
  };

  // What is called is given a completion, which has to come once, and later.
  template <typename... Args, typename Call, typename Done>
  void expect(Call call, Done done);
  void call_ends(uint64_t number);
  void take_record(const coord::Versioned& record);
  void take_members(const std::vector<coord::Member>& members);
  coord::Member member() const;
  void enter();
  void entered(const Status& status);
  void wait_for_lock(size_t lock);
  void took(size_t lock);
  void lost(size_t lock);
  void act();
  void read();
  void swap(coord::Expected expected);
  void look_around();
  void one_step_of_the_end();

  // Clock
  int64_t boot_ns() const override { return clock(); }
  int64_t wall_ms() const override { return Process::wall_ms(); }

  const CoordWorld world_;
  const uint32_t id_;
  uint64_t texts_ = 0;
  uint64_t last_call_ = 0;
  uint64_t done_ = 0;
  std::unique_ptr<Life> life_;
};

}  // namespace tandem::sim

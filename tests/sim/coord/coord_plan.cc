#include "sim/coord/coord_plan.h"

namespace tandem::sim {
namespace {

constexpr std::array<uint32_t, kCoordFaults> kMostWeights = {30, 20, 30, 20, 20, 20, 20,
                                                             20, 10, 10, 10, 15, 5};

uint32_t& weight(CoordPlan& plan, CoordFault fault) {
  return plan.weights[static_cast<size_t>(fault)];
}

// Locks are let go and taken again while what was asked before is on its way, and nothing else is
// an excuse.
void hunt_for_late_requests(Random& random, CoordPlan& plan) {
  plan.weights.fill(0);
  weight(plan, CoordFault::kRelease) = 40;
  weight(plan, CoordFault::kPause) = random.between<uint32_t>(0, 5);
  weight(plan, CoordFault::kAgentGone) = random.between<uint32_t>(0, 5);
  weight(plan, CoordFault::kAgentSilent) = random.between<uint32_t>(0, 5);
  plan.locks = 2;
  plan.ways.lose = random.between<uint32_t>(0, 50);
  plan.ways.twice = random.between<uint32_t>(0, 50);
  plan.ways.late = random.between<uint32_t>(50, 250);
  plan.ways.late_ns = random.between<int64_t>(500 * kMs, 4000 * kMs);
  plan.fault_every_ns = random.between<int64_t>(50 * kMs, 1000 * kMs);
}

}  // namespace

CoordPlan draw_coord_plan(Random& random) {
  const auto draw = [&random](uint32_t most) {
    return random.chance(400) ? 0 : random.between<uint32_t>(1, most);
  };
  const auto draw_ns = [&random](int64_t first_ms, int64_t last_ms) {
    return random.between<int64_t>(first_ms * kMs, last_ms * kMs);
  };
  CoordPlan plan;
  plan.ways.lose = draw(100);
  plan.ways.twice = draw(100);
  plan.ways.late = draw(150);
  plan.ways.late_ns = draw_ns(100, random.chance(500) ? 1500 : 12'000);
  plan.ways.delay_ns = draw_ns(1, random.chance(300) ? 300 : 20);
  plan.ways.clock_ppm = random.chance(500) ? 0 : 50'000;
  plan.lost_reply = draw(150);
  plan.faults_until_ns = draw_ns(20'000, random.chance(500) ? 60'000 : 200'000);

  plan.processes = random.between<uint32_t>(2, 4);
  plan.hosts = random.between<uint32_t>(1, 2);
  plan.agents = random.between<uint32_t>(1, 3);
  plan.locks = random.between<uint32_t>(1, 2);
  plan.pids = random.between<uint32_t>(5, 20);
  plan.swap_every_ns = draw_ns(20, 5000);
  plan.old_expectations = draw(300);
  plan.without_text = draw(500);
  plan.stale = draw(300);
  plan.proofs = draw(1000);
  plan.proof_ns = draw_ns(1, 3000);
  plan.reasserts = random.chance(500);

  for (size_t i = 0; i < kCoordFaults; ++i) plan.weights[i] = draw(kMostWeights[i]);
  plan.fault_every_ns = draw_ns(200, 10'000);
  plan.bursts = draw(500);
  if (random.chance(300)) hunt_for_late_requests(random, plan);
  return plan;
}

}  // namespace tandem::sim

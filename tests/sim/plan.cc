#include "sim/plan.h"

#include <algorithm>

namespace tandem::sim {
namespace {

// How often each fault comes at most, relative to the others.
constexpr std::array<uint32_t, kFaults> kMostWeights = {10, 10, 10, 3, 3, 2, 2, 3, 3,
                                                        2,  1,  10, 3, 0, 0, 0, 4};

// Often none at all of a kind of fault, seldom much.
uint32_t draw(Random& random, uint32_t most) {
  return random.chance(400) ? 0 : random.between<uint32_t>(1, most);
}

}  // namespace

// What is wrong with a lease shows only while the lease lasts: within that time the group has to
// elect a leader, lose sight of a member and answer a write, and somebody has to read elsewhere.
void hunt_for_stale_reads(Random& random, Plan& plan) {
  plan.replicas = random.chance(300) ? 2 : 3;
  plan.min_in_sync = 1;
  plan.replica.max_in_sync = plan.replicas;
  plan.clients = random.between<uint32_t>(5, 8);
  plan.think_ns = random.between<int64_t>(kMs, 5 * kMs);
  // A read waits where the log ends in what cannot be committed: few writes let more be answered.
  plan.reads = random.chance(500) ? random.between<uint32_t>(500, 900) : 980;
  plan.replica.lease_ns = random.between<int64_t>(60 * kMs, (random.chance(500) ? 150 : 600) * kMs);
  plan.replica.heartbeat_ns = random.between<int64_t>(10 * kMs, 20 * kMs);
  plan.replica.silence_ns = random.between<int64_t>(30 * kMs, 60 * kMs);
  plan.replica.rejoin_ns = random.between<int64_t>(20 * kMs, 100 * kMs);
  plan.delay_ns = plan.sync_ns = random.between<int64_t>(kMs / 5, 2 * kMs);
  plan.slow_sync = 0;
  plan.stale_watch = draw(random, 300);
  plan.sensible_controllers = random.between<uint32_t>(0, 1);
  plan.controller_ns = random.between<int64_t>(2 * kMs, 20 * kMs);
  plan.weights.fill(0);
  plan.weights[static_cast<size_t>(Fault::kCrash)] = draw(random, 10);
  plan.weights[static_cast<size_t>(Fault::kPause)] = draw(random, 5);
  plan.weights[static_cast<size_t>(Fault::kCut)] = 10;
  plan.weights[static_cast<size_t>(Fault::kElection)] = 10;
  plan.weights[static_cast<size_t>(Fault::kSplit)] = draw(random, 20);
  plan.fault_every_ns = random.between<int64_t>(20 * kMs, (random.chance(500) ? 200 : 1000) * kMs);
  plan.bursts = random.between<uint32_t>(200, 700);
}

// By chance of its own, so that the plans of other seeds stay what they were.
void bring_back_the_past(Random random, Plan& plan) {
  if (!random.chance(400)) return;
  plan.weights[static_cast<size_t>(Fault::kDiskBack)] = draw(random, 60);
  plan.weights[static_cast<size_t>(Fault::kStoreBack)] = draw(random, 30);
  plan.sensible_controllers = 2;
}

Plan draw_plan(Random& random) {
  Plan plan;
  const auto draw_ns = [&random](int64_t first_ms, int64_t last_ms) {
    return random.between<int64_t>(first_ms * kMs, last_ms * kMs);
  };
  plan.replicas = random.between<uint32_t>(2, 5);
  plan.clients = random.between<uint32_t>(2, 8);
  plan.min_in_sync = plan.replicas >= 3 ? random.between<uint32_t>(1, 2) : 1;
  plan.replica.max_in_sync = random.between<size_t>(2, plan.replicas);
  // Small pieces: bugs in what a follower verified show only where a batch is partial.
  plan.replica.append_bytes = random.between<size_t>(1, 300);
  plan.replica.in_flight_bytes = random.between<size_t>(50, 2000);
  plan.replica.chunk_bytes = random.between<size_t>(200, 5000);
  plan.replica.lease_ns = draw_ns(40, 600);
  plan.replica.heartbeat_ns =
      std::min(draw_ns(10, 50), std::max(10 * kMs, plan.replica.lease_ns / 3));
  plan.replica.silence_ns = draw_ns(30, 400);
  plan.replica.stall_ns = draw_ns(40, 500);
  plan.replica.rejoin_ns = draw_ns(50, 1000);
  plan.faults_until_ns = draw_ns(2000, 6000);
  plan.clock_ppm = random.chance(300) ? 0 : 50'000;
  plan.reads = random.between<uint32_t>(200, 800);
  plan.think_ns = draw_ns(1, 30);

  plan.lose = draw(random, 200);
  plan.twice = draw(random, 200);
  plan.late = draw(random, 200);
  plan.late_ns = draw_ns(5, 800);
  plan.shortened = draw(random, 300);
  plan.delay_ns = random.between<int64_t>(kMs / 10, 10 * kMs);
  plan.sync_ns = random.between<int64_t>(kMs / 10, 20 * kMs);
  plan.slow_sync = draw(random, 100);
  plan.snapshot_every = random.chance(300) ? 0 : random.between<uint32_t>(3, 40);
  plan.failed_chunk = draw(random, 50);
  plan.lost_reply = draw(random, 400);
  plan.late_swap = draw(random, 400);
  plan.refused_swap = draw(random, 200);
  plan.failed_read = draw(random, 300);
  plan.stale_watch = draw(random, 50);
  plan.sensible_controllers = random.between<uint32_t>(0, 2);
  plan.controller_ns = draw_ns(2, 150);
  for (size_t i = 0; i < kFaults; ++i) {
    if (kMostWeights[i] > 0) plan.weights[i] = draw(random, kMostWeights[i]);
  }
  plan.fault_every_ns = draw_ns(20, 400);
  plan.bursts = draw(random, 600);
  if (random.chance(350)) hunt_for_stale_reads(random, plan);
  bring_back_the_past(random, plan);
  if (random.chance(300)) {
    plan.slow_engine = random.between<uint32_t>(1, 300);
    plan.engine_ns = draw_ns(1, 200);
    plan.weights[static_cast<size_t>(Fault::kEngineLost)] = draw(random, 20);
    plan.engine_keeps = Random(random).chance(500);
  }
  return plan;
}

}  // namespace tandem::sim

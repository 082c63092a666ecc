#include "sim/plan.h"

#include "sim/schedule.h"

namespace tandem::sim {
namespace {

// Often none at all of a kind of fault, seldom much.
uint32_t draw(Random& random, uint32_t most) {
  return random.chance(400) ? 0 : random.between<uint32_t>(1, most);
}

}  // namespace

Plan draw_plan(Random& random) {
  Plan plan;
  plan.replicas = random.between<uint32_t>(2, 5);
  plan.clients = random.between<uint32_t>(1, 4);
  plan.min_in_sync = plan.replicas >= 3 ? random.between<uint32_t>(1, 2) : 1;
  plan.replica.max_in_sync = random.between<size_t>(2, plan.replicas);
  // Small pieces: bugs in what a follower verified show only where a batch is partial.
  plan.replica.append_bytes = random.between<size_t>(1, 300);
  plan.replica.in_flight_bytes = random.between<size_t>(50, 2000);
  plan.replica.chunk_bytes = random.between<size_t>(200, 5000);
  plan.replica.heartbeat_ns = random.between<int64_t>(10, 50) * kMs;
  plan.replica.silence_ns = random.between<int64_t>(60, 400) * kMs;
  plan.replica.stall_ns = random.between<int64_t>(60, 500) * kMs;
  plan.replica.rejoin_ns = random.between<int64_t>(50, 1000) * kMs;
  plan.faults_until_ns = random.between<int64_t>(2000, 6000) * kMs;

  plan.lose = draw(random, 200);
  plan.twice = draw(random, 200);
  plan.late = draw(random, 200);
  plan.late_ns = random.between<int64_t>(5, 800) * kMs;
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
  plan.needless_election = draw(random, 200);
  plan.controller_ns = random.between<int64_t>(20, 300) * kMs;
  plan.crashes = draw(random, 10);
  plan.pauses = draw(random, 10);
  plan.cuts = draw(random, 10);
  plan.wipes = draw(random, 3);
  plan.removals = draw(random, 2);
  plan.fault_every_ns = random.between<int64_t>(20, 400) * kMs;
  return plan;
}

}  // namespace tandem::sim

// A leader of three on the bench.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "repl/replica_bench.h"

namespace tandem::repl {

// Replica 1 leads epoch 2 of the set {1, 2, 3}; the third entry opens the epoch.
struct LeaderOfThree : testing::Test {
  LeaderOfThree() : bench({1, 1}, 1) {
    bench.learn(record_of(2, 5, 1, {1, 2, 3}));
    bench.make_durable();
  }

  // The replica answers what was sent last, by a clock that is a second ahead.
  Effects answer(ReplicaId id, Index match) {
    Message m = message_from(id, MessageType::kAppendAck, 2);
    m.match = match;
    m.sent_ns = bench.now;
    m.stamp_ns = bench.now + 1000 * kMs;
    return bench.receive(m);
  }
  void open_with(const std::vector<ReplicaId>& ids) {
    for (const ReplicaId id : ids) bench.hello(id, 2, 2, 1);
    bench.end_turn();
    for (const ReplicaId id : ids) answer(id, 3);
    bench.end_turn();
  }

  ReplicaBench bench;
};

}  // namespace tandem::repl

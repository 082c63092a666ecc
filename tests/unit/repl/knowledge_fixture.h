// What a controller knows of a group whose replicas have all answered.
#pragma once

#include <gtest/gtest.h>

#include "repl/knowledge.h"

namespace tandem::repl {

inline constexpr int64_t kMs = 1'000'000;

// A group of three in epoch 4, version 12, whose leader is 1; all have told of their data, which
// goes up to index 50 of epoch 4, and know 40 committed.
class KnowledgeFixture : public testing::Test {
 protected:
  KnowledgeFixture() {
    record.lineage = 9;
    record.epoch = 4;
    record.version = 12;
    record.leader = 1;
    for (ReplicaId id = 1; id <= 3; ++id) record.in_sync.push_back(member(id));
    known.read(record);
    for (ReplicaId id = 1; id <= 3; ++id) up(id);
  }

  static Member member(ReplicaId id) { return {id, 100 + uint64_t{id}}; }
  static uint64_t session(ReplicaId id) { return 1000 + uint64_t{id}; }
  static Message answer(ReplicaId id, Index last_index = 50, Index committed = 40) {
    Message m;
    m.type = MessageType::kMemory;
    m.from = id;
    m.storage_id = member(id).storage_id;
    m.session = session(id);
    m.lineage = 9;
    m.state.promise = 4;
    m.state.last_epoch = 4;
    m.state.last_index = last_index;
    m.memory.committed = {4, committed};
    m.memory.caught_up = true;
    m.memory.ends = {{4, last_index}};
    return m;
  }
  // It registers, and answers.
  void up(ReplicaId id) {
    known.replica_up(member(id), session(id), now);
    known.answered(answer(id), now);
  }
  const Known& replica(ReplicaId id) const { return *known.find(id); }

  Knowledge known{{.silence_ns = 400 * kMs, .quiet_ns = 150 * kMs}, Nouns{}};
  Record record;
  int64_t now = 5000 * kMs;
};

}  // namespace tandem::repl

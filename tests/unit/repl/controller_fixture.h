// A controller, a record with three members, the first of which leads, and their answers.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "repl/controller.h"

namespace tandem::repl {

constexpr int64_t kMs = 1'000'000;

inline bool lower_pid(const Candidate& a, const Candidate& b) { return a.state.pid < b.state.pid; }

class ControllerTest : public testing::Test {
 protected:
  ControllerTest() : controller(ControllerOptions{}, lower_pid) {
    record.lineage = 9;
    record.epoch = 4;
    record.version = 12;
    record.leader = 1;
    for (ReplicaId id = 1; id <= 3; ++id) record.in_sync.push_back(member(id));
    controller.set_active(true);
    controller.record_read(record, now, out);
    for (ReplicaId id = 1; id <= 3; ++id) controller.replica_up(member(id), session(id), now);
    tick();
    answer(1, [](ReplicaState& s) { s.leading = s.opened = true; });
    out = {};
  }

  static Member member(ReplicaId id) { return Member{id, 100 + uint64_t{id}}; }
  static uint64_t session(ReplicaId id) { return 1000 + uint64_t{id}; }

  void tick(int64_t ms = 0) {
    now += ms * kMs;
    controller.tick(now, out);
  }

  // The last question to this replica, 0 where it was not asked.
  uint64_t question_to(ReplicaId id) const {
    uint64_t question = 0;
    for (const Message& m : out.messages) {
      if (m.to == id && m.type == MessageType::kQueryMemory) question = m.question;
    }
    return question;
  }

  template <typename Change>
  void answer(ReplicaId id, Change change) {
    Message m;
    m.type = MessageType::kMemory;
    m.memory.caught_up = true;
    m.from = id;
    m.storage_id = member(id).storage_id;
    m.session = session(id);
    m.lineage = controller.record()->lineage;
    m.question = question_to(id);
    m.state.promise = controller.record()->epoch;
    m.state.pid = uint64_t{10} * id;
    change(m.state);
    if (m.state.last_index != 0) m.memory.ends = {{m.state.last_epoch, m.state.last_index}};
    controller.state_answered(m, now, out);
  }
  void answer(ReplicaId id) {
    answer(id, [](ReplicaState&) {});
  }
  void answer_without_space(ReplicaId id, bool leads) {
    answer(id, [leads](ReplicaState& s) {
      s.leading = s.opened = leads;
      s.has_space = false;
    });
  }
  // What the owner does with `read_record` and `swap`, where both go well.
  void read() {
    ASSERT_TRUE(out.read_record);
    out.read_record = false;
    controller.record_read(record, now, out);
  }
  void kill(ReplicaId id) { controller.replica_dead(id, session(id), now, out); }

  bool said(MessageType type, ReplicaId to) const {
    return std::any_of(out.messages.begin(), out.messages.end(),
                       [&](const Message& m) { return m.type == type && m.to == to; });
  }

  Controller controller;
  Record record;
  ControllerEffects out;
  int64_t now = 1'000 * kMs;
};

}  // namespace tandem::repl

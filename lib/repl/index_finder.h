// Linearizable reads that could not be answered under a lease when they came: each waits to learn
// the index that the state has to have reached. A follower asks the leader, one question for all
// that wait; a leader whose own lease is out looks whether the record still shows its epoch.
// Internal to lib/repl.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "repl/context.h"
#include "repl/events.h"

namespace tandem::repl {

class IndexFinder {
 public:
  explicit IndexFinder(Context& context) : context_(context) {}

  // A read of a client of this replica.
  void add(const FindIndex& read);
  // Leader: a question of another replica.
  void asked(const Message& question);
  // All may be answered from this index on.
  void answer_all(Index index);
  // Leader: a read of the record that began at `asked_ns` shows its epoch: whatever came before
  // may be answered, as no later leader had answered anything until then.
  void answer_before(int64_t asked_ns, Index index);
  // Follower: the leader's answer.
  void answered(const Message& answer);
  // End of a turn in which no lease answers them. Follower: asks the leader.
  void ask_leader(ReplicaId leader, uint64_t leader_session, Ticket after);
  // Leader: asks for the record.
  void ask_record();
  // The epoch or the role changed: nothing that is on its way counts.
  void start_over();
  void expire();
  bool empty() const { return waiting_.empty() && questions_.empty(); }

 private:
  struct Waiting {
    FindIndex read;
    int64_t since_ns = 0;
    uint64_t question = 0;  // that was sent after it came; 0: none yet
  };
  struct Question {
    ReplicaId from = 0;
    uint64_t session = 0;
    uint64_t number = 0;
    int64_t since_ns = 0;
  };
  void tell(const Question& question, Index index);

  Context& context_;
  std::vector<Waiting> waiting_;
  std::vector<Question> questions_;
  uint64_t last_question_ = 0;
  int64_t asked_at_ns_ = 0;  // 0: nothing is under way
};

}  // namespace tandem::repl

// What can happen next: every successor of a state, with the move that leads to it and, where it
// breaks an invariant, which one.
#pragma once

#include <cstdint>
#include <vector>

#include "state.h"

namespace tandem::model {

enum class Move : uint8_t {
  kLead,
  kWrite,
  kFsync,
  kSend,
  kCommit,
  kRemove,
  kAdd,
  kReadRecord,
  kSeeHigherEpoch,
  kTakeSwapForFailed,
  kMark,
  kCrash,
  kWipe,
  kElect,
  kRepair,
  kSwap,
  kLoseSwap,
  kLoseMessage,
  kDeliver,
  kSetAside,
  kImage,
  kRollBack,
  kImageRecord,
  kGoBack,
  kTick,
  kSecondController,
  kClockThenPause,
  kReadBegins,
  kReadFirstHalf,
  kReadSecondHalf,
  kReadAnswer,
  kReadGivenUp,
};

struct Step {
  Move move;
  uint8_t a, b, c;     // of whom, of what; see describe()
  const char* broken;  // the invariant, or nullptr
  bool loses;          // a commit that goes another way: allowed, counted
  State state;
};

class Moves {
 public:
  Moves(const State& from, std::vector<Step>& out) : s_(from), t_(from), out_(out) {}
  void all();

 private:
  // replica_moves.cc
  void leader_moves(int i);
  void become_leader(int i);
  void write(int i);
  void send_appends(int i);
  void send_append(int i, int to, int count);
  void commit(int i);
  void change_set(int i);
  void swap_set(int i, int set, Move move, int id);
  void read_record(int i);
  void name_record(Replica& q);
  void append(Replica& q, Entry entry);
  bool in_sync_and_open(int i, int id) const;
  void committed_by_leader(int i, int count);

  // deliveries.cc
  void deliveries();
  bool take_append(int k);
  bool cut(Replica& q, int at);
  bool add_entries(Replica& q, const Message& m);
  void take_commit_index(Replica& q, const Message& m, bool fits);
  bool take_ack(const Message& m);
  bool take_swap_done(const Message& m);
  bool take_refusal(const Message& m);

  // controllers.cc
  void elections();
  void elect(int id);
  void repairs();
  void repair_by(int answers);
  void swaps();
  void apply_swap(int k);
  bool enough_to_be_sure(int set, int members) const;
  bool may_lead(int id, int set, int answers) const;
  bool knows_higher(int answers, int set) const;
  void check_choice(int id, int answers, int members, bool everybody);
  void send_choice(int id, int set, int epoch, Move move);

  // faults.cc
  void process_faults(int i);
  void disk_faults(int i);
  void record_faults();
  void set_asides();

  // reads.cc
  void tick();
  void second_controller();
  void reads();
  void read_begins();
  void read_goes_on();
  void read_ends(int index);

  bool is_busy(int i) const;  // it carries out a read and looks at nothing else
  void broken(const char* what) {
    if (broken_ == nullptr) broken_ = what;
  }
  void start_over();
  void emit(Move move, int a = 0, int b = 0, int c = 0);

  const State& s_;
  State t_;  // the successor under way
  std::vector<Step>& out_;
  const char* broken_ = nullptr;
  bool loses_ = false;
};

// False where no more can be under way; true also where the same one is already.
bool put(State& s, const Message& m);
bool put(State& s, const Swap& swap);

// Who has to acknowledge: the set and the pending ones; with the holders of leases.
int union_of(const Replica& r);
int union_with_leases(const Replica& r);
// Ticks left of the leader's own lease.
int leader_lease(const State& s, int i);
// Whether nobody can hold a lease of an earlier leader.
bool predecessor_is_over(const State& s, int i);

}  // namespace tandem::model

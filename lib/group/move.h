// A change of leader that an operator waits for: a transfer, or one that gives up lost replicas. It
// ends with what the record shows, and a loss never before that is settled: an error other than
// kUnknown says that nothing was given up. Pure: its owner (leadership.h) shows it what is, and
// tells whoever asked.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/function.h"
#include "base/result.h"
#include "coord/coord.h"
#include "repl/controller.h"
#include "wire/json.h"

namespace tandem::group {

class Move {
 public:
  using Done = UniqueFunction<void(Status)>;

  // What it is about.
  struct Aim {
    repl::ReplicaId to = 0;      // who is to lead
    repl::Epoch from_epoch = 0;  // that of the record before
  };
  struct Loss {
    std::set<repl::ReplicaId> given_up;
    repl::Candidate leader;
    uint64_t swap_expects = 0;  // the version of the record before
  };
  // What is told of an accepted loss once the record shows it.
  struct Story {
    std::string text;
    wire::Json fields;
  };
  // What there is to see of it now.
  struct Sight {
    repl::Epoch epoch = 0;  // of the record
    repl::ReplicaId leader = 0;
    bool open = false;      // it takes writes
    bool electing = false;  // the controller still tries
    int64_t now_ns = 0;     // boot clock
  };

  Move(repl::Nouns nouns, const Aim& aim, int64_t deadline_ns, Done done)
      : nouns_(std::move(nouns)), aim_(aim), deadline_ns_(deadline_ns), done_(std::move(done)) {}
  // An accepted loss, whose outcome is waited for for `settle_ns` beyond the deadline.
  Move(repl::Nouns nouns, const Aim& aim, Loss loss, int64_t deadline_ns, int64_t settle_ns,
       Done done);

  // Whether somebody waits for it.
  bool is_waited_for() const { return static_cast<bool>(done_); }
  bool accepts_loss() const { return loss_.has_value(); }
  bool gives_up(const std::set<repl::ReplicaId>& ids) const {
    return loss_ && loss_->given_up == ids;
  }
  const std::set<repl::ReplicaId>& given_up() const { return loss_->given_up; }
  // The same was asked for once more. REQUIRES: nobody waits for it.
  void wait_again(int64_t deadline_ns, Done done);

  // The loss has come about: what to tell of it, once.
  std::optional<Story> carried_out(const Sight& sight);
  // How it ended; nullopt: it goes on.
  std::optional<Status> outcome(const Sight& sight) const;
  // Nobody knows yet, and it has been so long that who asked has to be told so; it goes on.
  bool is_overdue(const Sight& sight) const;
  Error not_known_yet() const;
  // The compare-and-swap had this outcome. Where it is certain that the record was not changed by
  // it, what it was to bring about is over.
  std::optional<Status> swap_failed(uint64_t expected,
                                    const Result<coord::SwapOutcome>& outcome) const;
  // The process ends.
  Status stopped() const;

  Done take_done() { return std::exchange(done_, {}); }

 private:
  std::string subject() const { return nouns_.replica + " " + std::to_string(aim_.to); }
  bool is_over_time(const Sight& sight) const { return sight.now_ns >= deadline_ns_; }

  const repl::Nouns nouns_;
  const Aim aim_;
  const std::optional<Loss> loss_;
  const int64_t settle_ns_ = 0;
  int64_t deadline_ns_;
  Done done_;  // empty: told that the outcome is not known yet
  std::optional<Story> story_;
};

}  // namespace tandem::group

// Who leads the group: carries out what the pure controller (repl/controller.h) wants, on the real
// coordination service and the links to the replicas.
//
// A leader acts on a proof of death at once: it no longer waits for what that session was granted.
// So a proof leaves here only after the record has shown the epoch that it names, and after a read
// of the registry, begun later, has shown no other session of that replica: one that came up
// meanwhile could have been granted something in this epoch.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/function.h"
#include "base/self.h"
#include "coord/coord.h"
#include "group/move.h"
#include "group/replicas.h"
#include "loop/alarm.h"
#include "loop/loop.h"
#include "repl/controller.h"
#include "wire/json.h"

namespace tandem::group {

struct LeadershipOptions {
  std::string group;
  repl::Controller::Prefer prefer;  // who is to lead among those that may
  repl::Nouns nouns;
  bool tells_deaths = false;    // where nobody else does
  uint64_t settle_ms = 60'000;  // how long the outcome of a loss is waited for beyond its request
};

class Leadership {
 public:
  // Since this process began.
  struct Figures {
    uint64_t elections = 0;  // epochs that began, as far as this process has seen them
    uint64_t deaths = 0;     // replicas proven dead
  };

  // What happened and why: a word ("role", "in_sync", "open", "loss"), a sentence, an object.
  using Tell = std::function<void(std::string_view kind, const std::string& reason,
                                  const wire::Json& fields)>;

  Leadership(loop::Loop& loop, coord::Coord& coord, Replicas& replicas, LeadershipOptions options);
  ~Leadership();

  // Told when the leader changed or opened its epoch, and when the set changed.
  void on_change(std::function<void()> callback) { on_change_ = std::move(callback); }
  void on_event(Tell callback) { tell_ = std::move(callback); }

  void start();
  void stop();
  void set_active(bool active);

  void replica_up(const ReplicaLink& replica);
  // The process of this session is proven dead. It is forgotten here too: first go its link and the
  // requests on it, then comes the election, for whose outcome those wait.
  void replica_dead(repl::ReplicaId id, uint64_t session);
  // It may be: looks whether it is.
  void doubt(repl::ReplicaId id);
  // REQUIRES: no replica has data and there is no record.
  void create_group(const ReplicaLink& first, uint32_t min_in_sync);
  // Asks the leader to take a replica out of the in-sync set, and to keep it out for some seconds;
  // look at record() for the outcome. `heard`: the leader of this epoch knows, and what it does
  // from now on heeds it. It is not called where the leader does not answer.
  void remove(repl::ReplicaId id, UniqueFunction<void(repl::Epoch)> heard = {});

  // Moves leadership to this in-sync replica; done once it takes writes. Errors: those of
  // repl::Controller::transfer, kConflict (another one was chosen meanwhile), kTimeout.
  using Done = Move::Done;
  void transfer(repl::ReplicaId id, uint64_t timeout_ms, Done done);
  // Gives up every in-sync replica that does not answer, all of which have to be named: done once
  // the best of those that are left takes writes, or once the time is over and the record names
  // it. Never before that is settled: an error other than kUnknown says that nothing was given up.
  // After kUnknown it may still be carried out: the same request again waits on for that outcome,
  // and after it was carried out it is answered as the first, by another controller too; nothing
  // is done twice. `proof`, empty where the operator forces it, is asked for a reason not to give
  // up the silent ones that are named (group/loss.h). Errors: those of
  // repl::Controller::accept_loss and of `proof`, kConflict, kUnavailable, kUnknown.
  using Proof = UniqueFunction<Status(const std::vector<repl::Member>&)>;
  void accept_loss(const std::set<repl::ReplicaId>& given_up, uint64_t timeout_ms, Proof proof,
                   Done done);
  // For some time now members of the set have not answered, so many that the leader cannot go on
  // without them: it takes writes, and settles none.
  bool writes_wait() const;
  // The in-sync replicas that do not answer, and who would lead without them.
  std::vector<repl::Member> silent_members() const;
  std::optional<repl::Candidate> best_survivor() const;

  const Figures& figures() const { return figures_; }
  const repl::Nouns& nouns() const { return options_.nouns; }
  const std::optional<repl::Record>& record() const { return controller_.record(); }
  // Why nobody is chosen; empty where nothing is known to be wrong.
  const std::string& trouble() const { return controller_.trouble(); }
  bool record_was_read() const { return controller_.record_was_read(); }
  // What is wrong with the record as it is kept, with its place; "" where nothing is. The group
  // goes on with what was known of it before.
  const std::string& record_trouble() const { return record_trouble_; }
  // The leader by the record, 0 where there is none.
  repl::ReplicaId leader() const { return record() ? record()->leader : 0; }
  bool leader_open() const { return controller_.leader_open(); }
  // It takes writes, its link is up and it has told so not long ago.
  bool leader_answers() const;
  bool in_sync(const ReplicaLink& replica) const {
    return record() && record()->contains(replica.identity());
  }
  const repl::ReplicaState* state_of(repl::ReplicaId id) const { return controller_.state_of(id); }
  // Of the data of a replica that has told its state; 0: it has none, or has told nothing.
  uint64_t lineage_of(repl::ReplicaId id) const { return controller_.lineage_of(id); }
  // Whether it has said nothing for a while; a hint.
  bool quiet(repl::ReplicaId id) const;
  // Whether an in-sync member besides the leader has space on its disk: it may lead soon.
  bool another_has_space() const;
  // The in-sync members whose disks are full, "1,2"; "": none.
  std::string full_disks() const;
  // The leader answers, and what carries its commands out does not: its PostgreSQL.
  bool leader_is_unable() const;
  // kUnavailable: there is no leader, for /readyz where nothing else is known to be wrong. Says why
  // the last one that was chosen could not be entered, or names the in-sync replicas whose disks are
  // full.
  Status nobody_leads() const;
  // Whether it applies what the leader commits soon after.
  bool keeps_up(repl::ReplicaId id) const;

 private:
  void tick_when_due();
  void tick();
  void carry_out(const repl::ControllerEffects& effects);
  void send(const repl::Message& message, UniqueFunction<void(repl::Epoch)> heard = {});
  void read_record();
  void take_record(const Result<coord::Versioned>& record, bool consistent);
  void tell_controller(const repl::Reading& reading);
  void look_again_at_record();
  void set_record_trouble(const std::string& trouble);
  void tell(std::string_view kind, const std::string& reason, const wire::Json& fields) const;
  void tell_changes();
  void prove_deaths();
  void take_registry(std::vector<repl::Message> proofs,
                     const Result<std::vector<coord::Member>>& members);
  void look_for_stopped_leader();
  void look_whether_writes_wait();
  void look_at_move();
  void end_move(Status status);
  void take_outcome(uint64_t expected, const Result<coord::SwapOutcome>& outcome);
  bool was_given_up(const std::set<repl::ReplicaId>& ids) const;
  bool names_the_living(const std::set<repl::ReplicaId>& ids) const;
  bool names_all_silent(const std::set<repl::ReplicaId>& ids) const;

  coord::Coord& coord_;
  Replicas& replicas_;
  const LeadershipOptions options_;
  repl::Controller controller_;
  std::unique_ptr<coord::Watch> watch_;
  loop::Alarm ticker_;
  std::function<void()> on_change_;
  Tell tell_;
  std::string record_trouble_;
  std::string swap_trouble_;         // why the record could not be changed last
  int64_t record_looked_at_ns_ = 0;  // boot clock: while there is trouble
  bool reading_ = false;
  bool read_again_ = false;
  bool ticking_ = false;
  std::vector<repl::Message> proofs_;  // wait for a read of the registry that begins after them
  bool proving_ = false;
  std::optional<Move> move_;  // that is under way
  struct Lost {
    std::set<repl::ReplicaId> ids;
    repl::Epoch epoch = 0;  // in which the group goes on without them
  };
  Lost lost_;  // accepted last
  Figures figures_;
  // What was told last.
  repl::Epoch told_epoch_ = 0;
  uint64_t told_version_ = 0;
  bool told_open_ = false;
  std::optional<int64_t> writes_wait_since_ns_;  // boot clock
  Self<Leadership> self_;                        // last: goes first
};

}  // namespace tandem::group

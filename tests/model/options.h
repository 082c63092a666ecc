// What a run of the model explores: bounds, faults, and which rules are left out (planted bugs).
// Set once by main, read everywhere. `name=value` on the command line; a bare name means 1.
#pragma once

#include <string_view>

namespace tandem::model {

// name, default, meaning.
#define TANDEM_MODEL_BOUNDS(X)                                                                 \
  X(replicas, 3, "replicas, at most 3")                                                        \
  X(epochs, 3, "highest epoch, at most 7")                                                     \
  X(versions, 9, "highest version of the record, at most 15")                                  \
  X(writes, 2, "client writes, at most 5")                                                     \
  X(crashes, 2, "crashes with restart")                                                        \
  X(wipes, 0, "wiped disks (each comes back with a new storage id)")                           \
  X(wipers, 4, "mask of the replicas that may be wiped")                                       \
  X(go_backs, 0, "times that the record store goes back to an earlier record")                 \
  X(gone, 0, "going back may also leave no record at all")                                     \
  X(restore, 0,                                                                                \
    "going back 1: loses the swaps under way, 2: former leaders stepped down, 3: all restart") \
  X(tell_pending, 0, "nobody is elected while a leader that answers waits for a swap")         \
  X(rollbacks, 0, "disks replaced by an earlier image of themselves")                          \
  X(rollers, 7, "mask of the replicas that may be rolled back")                                \
  X(images, 1, "images are taken at any moment; 0: of the first state alone")                  \
  X(silent, 7, "mask of the replicas that may not answer a controller")                        \
  X(messages, 2, "messages under way, at most 3")                                              \
  X(swaps, 2, "compare-and-swaps under way, at most 3")                                        \
  X(min_set, 1, "smallest in-sync set")                                                        \
  X(first_set, 7, "the in-sync set at the beginning")                                          \
  X(first_version, 1, "version of the record at the beginning")                                \
  X(cold, 0, "nobody leads at the beginning")                                                  \
  X(dup, 1, "messages may be delivered twice")                                                 \
  X(fsync, 1, "the leader's own entries need an fsync of their own")                           \
  X(chunk, 0, "appends of any length")                                                         \
  X(dead, 0, "mask of the replicas that never do anything")                                    \
  X(reads, 0, "clocks, leases and linearizable reads")                                         \
  X(read_count, 1, "reads")                                                                    \
  X(lease, 2, "length of a lease in ticks")                                                    \
  X(rule, 1, "what a read waits for. 1: the log's end, 2: a barrier, 3: an index")             \
  X(orchs, 1, "controllers that pass reads on")                                                \
  X(leader_reads, 1, "the leader answers reads too")                                           \
  X(swap_on_drop, 0, "an election may drop members of the set")                                \
  X(grow_after_open, 0, "nobody joins before the epoch is opened")                             \
  X(join_when_out, 0, "nobody joins while a lease runs that it did not answer for")            \
  X(promise_waits, 0, "a new leader waits a whole lease from its own promise")                 \
  X(in_sync_check, 0, "look at every member of the set after each change of record")           \
  X(stop_at_loss, 0, "a loss that is allowed counts as a violation, to see it")                \
  X(goal, 0, "stop where an entry of this epoch or a later one commits")                       \
  X(max, 400, "millions of states to stop at")                                                 \
  X(walk, 0, "thousands of random walks instead of all states")                                \
  X(seed, 1, "of the walks")                                                                   \
  X(len, 150, "steps of a walk")                                                               \
  X(quiet, 0, "no progress on stderr")

// Rules that came with faults of the world outside; 0 leaves one out.
#define TANDEM_MODEL_RULES(X)                                                                 \
  X(asking, 1, "controllers ask before they elect")                                           \
  X(named, 1, "opening entries carry the record, applied set changes get an entry")           \
  X(wait_named, 1, "nothing commits below the newest such entry")                             \
  X(marks, 1, "replicas keep durably what they know committed")                               \
  X(lag, 1, "... some time later")                                                            \
  X(refuse_cut, 1, "nothing at or below the mark is cut")                                     \
  X(believe_old, 0, "planted: a record older than an answer knows is believed")               \
  X(known_order, 1, "records are ordered by (epoch, version); 0: by version alone")           \
  X(heed_mark, 2, "a candidate has every mark in its log; 1: ends behind it; 0: ignored")     \
  X(heed_longest, 2,                                                                          \
    "one not verified needs the longest log. Verified: 2: took part in a commit of an "       \
    "epoch, 1: followed or led; 0: ignored")                                                  \
  X(enough, 1, "where no member that answers is verified, min_set of them have to answer")    \
  X(ask_all, 1, "all replicas that answer count, not the set alone")                          \
  X(repair, 1, "a record that went back is repaired")                                         \
  X(repair_all, 1, "... only where every member of its set answers")                          \
  X(set_aside, 1,                                                                             \
    "a member that lacks what was committed comes back as a learner; 2: without a look at "   \
    "its own mark; 0: it does not")                                                           \
  X(session, 1, "only the process that was elected leads")                                    \
  X(unique, 2,                                                                                \
    "no epoch is given out twice; 1: it is above all that were applied, 0: above the record") \
  X(swap_text, 1, "a compare-and-swap compares the whole record, not its version alone")

// The planted bugs of the first model; 1 plants one.
#define TANDEM_MODEL_BUGS(X)                                                            \
  X(read_back, 0, "reading the old version back settles a swap")                        \
  X(swap_fail, 0, "a swap without an answer is taken for failed")                       \
  X(skip_union, 0, "pending sets need not acknowledge")                                 \
  X(assume, 0, "a swap is taken for applied when it is sent")                           \
  X(outside, 0, "replicas outside the set are elected")                                 \
  X(reuse, 0, "a restarted leader goes on in its epoch")                                \
  X(no_promise, 0, "promises are not durable")                                          \
  X(grow_early, 0, "a learner joins at the commit index")                               \
  X(any_disk, 0, "an acknowledgement counts whatever storage id it is of")              \
  X(no_cap, 0, "the leader's commit index is taken beyond what was verified")           \
  X(ack_early, 0, "followers acknowledge before their fsync")                           \
  X(blind_cut, 0, "a shorter append cuts what is behind it")                            \
  X(serve_early, 0, "the leader answers reads before its epoch is opened")              \
  X(check_before, 0, "1: leases are looked at before the state, 2: before the request") \
  X(no_wait, 0, "a new leader does not wait for the leases of its predecessor")         \
  X(no_leave_wait, 0, "a member is removed while its lease runs")                       \
  X(receipt, 0, "a lease runs from when it came in")                                    \
  X(no_chain, 0, "leases are granted beyond the leader's own")                          \
  X(set_before_wait, 0, "the set changes before the predecessor's leases are out")      \
  X(no_leader_lease, 0, "the leader reads without a lease")                             \
  X(swap_first, 0, "the swap that removes a member is sent before its lease is out")    \
  X(self_renew, 0, "a leader that steps down forgets when it answered last")

struct Options {
#define TANDEM_MODEL_FIELD(name, value, help) int name = value;
  TANDEM_MODEL_BOUNDS(TANDEM_MODEL_FIELD)
  TANDEM_MODEL_RULES(TANDEM_MODEL_FIELD)
  TANDEM_MODEL_BUGS(TANDEM_MODEL_FIELD)
#undef TANDEM_MODEL_FIELD
};

inline Options opt;

// False where `word` is no option.
bool set_option(std::string_view word);
void print_options();

}  // namespace tandem::model

#include "describe.h"

#include <algorithm>
#include <cstdio>

namespace tandem::model {
namespace {

std::string num(int n) { return std::to_string(n); }

std::string set_text(int set) {
  std::string out = "{";
  for (int id = 0; id < kIds; ++id) {
    if (!has(set, id)) continue;
    if (out.size() > 1) out += ",";
    out += num(replica_of(id)) + (id >= kReplicas ? "'" : "");
  }
  return out + "}";
}

std::string log_text(const Entry* log, int len) {
  std::string out = "[";
  for (int k = 0; k < len; ++k) {
    if (k) out += " ";
    out += "e" + num(epoch_of(log[k]));
    const int value = value_of(log[k]);
    out += value == kOpen      ? ".open"
           : value == kNames   ? ".names"
           : value == kBarrier ? ".barrier"
                               : ".w" + num(value);
    if (version_of(log[k])) out += "(v" + num(version_of(log[k])) + set_text(set_of(log[k])) + ")";
  }
  return out + "]";
}

std::string record_text(const Record& r) {
  if (r.epoch == 0) return "none";
  return "e" + num(r.epoch) + " v" + num(r.version) + " leader " + num(r.leader) + " set " +
         set_text(r.set) + (r.session ? "" : " (that process is gone)");
}

std::string message_text(const Message& m) {
  const std::string epoch = " e" + num(m.epoch);
  switch (m.type) {
    case kAppend:
      return "append" + epoch + " " + num(m.from) + "->" + num(m.to) + " prev=" + num(m.prev) +
             " " + log_text(m.entries, m.count) + " commit=" + num(m.commit) +
             (opt.reads ? " stamp=" + num(m.stamp) + " grant=" + num(m.grant) : "");
    case kAck:
      return "ack" + epoch + " of " + set_text(1 << m.from) + " to " + num(m.to) +
             " match=" + num(m.count);
    case kSwapDone:
      return "swap done, to " + num(m.to) + " v" + num(m.count) + " " + set_text(m.commit);
    default:
      return "refusal" + epoch + " of " + num(m.from) + " to " + num(m.to) + ": has committed (e" +
             num(m.prev_epoch) + "," + num(m.count) + ")";
  }
}

std::string swap_text(const Swap& s) {
  return "swap, expects e" + num(s.expected_epoch) + " v" + num(s.expected_version) + ": epoch " +
         num(s.epoch) + " leader " + num(s.leader) + " set " + set_text(s.set) +
         (s.from ? " (of the leader)" : " (of a controller)");
}

std::string describe_read(const Step& step) {
  const std::string who = num(step.a);
  switch (step.move) {
    case Move::kTick:
      return "-- tick --";
    case Move::kSecondController:
      return "a second controller passes reads on";
    case Move::kClockThenPause:
      return who + " looks at its clock, the lease is good, and pauses";
    case Move::kReadBegins:
      return "a read begins at " + who + " by controller " + num(step.b);
    case Move::kReadFirstHalf:
      return who + ": first half of the read";
    case Move::kReadSecondHalf:
      return who + ": second half of the read";
    case Move::kReadAnswer:
      return who + " answers the read with " + num(step.b);
    default:
      return "the read is given up";
  }
}

std::string describe_fault(const Step& step, const State& before) {
  const std::string who = num(step.a);
  switch (step.move) {
    case Move::kCrash:
      return who + " crashes and restarts";
    case Move::kWipe:
      return who + " is wiped and gets a new storage id";
    case Move::kSetAside:
      return "leader " + num(step.b) + " sees that " + who + " lacks what was committed";
    case Move::kImage:
      return "an image of the disk of " + who + " is taken";
    case Move::kRollBack:
      return who + " crashes and comes back with an earlier image of its disk";
    case Move::kImageRecord:
      return "an image of the record is taken";
    default:
      return "the record goes back to: " + record_text(before.record_image);
  }
}

}  // namespace

std::string describe(const Step& step, const State& before) {
  const std::string who = num(step.a);
  switch (step.move) {
    case Move::kLead:
      return who + " becomes leader, promises the record's epoch";
    case Move::kWrite:
      return "client write w" + num(step.b) + " at leader " + who;
    case Move::kFsync:
      return who + " fsyncs";
    case Move::kSend:
      return who + " sends an append to " + num(step.b);
    case Move::kCommit:
      return "leader " + who + " commits up to " + num(step.b) + " and answers";
    case Move::kRemove:
      return "leader " + who + " sends a swap that removes " + set_text(1 << step.b);
    case Move::kAdd:
      return "leader " + who + " sends a swap that adds " + set_text(1 << step.b);
    case Move::kReadRecord:
      return "leader " + who + " reads a newer record";
    case Move::kSeeHigherEpoch:
      return "leader " + who + " sees a higher epoch in the record, steps down";
    case Move::kTakeSwapForFailed:
      return "leader " + who + " takes its swap for failed";
    case Move::kMark:
      return who + " notes durably what is committed";
    case Move::kElect:
      return "a controller elects " + set_text(1 << step.a);
    case Move::kRepair:
      return "a controller repairs the record: set " + set_text(step.b) + " led by " +
             set_text(1 << step.a);
    case Move::kSwap:
      return "applied: " + swap_text(before.swaps[step.a]);
    case Move::kLoseSwap:
      return "lost: " + swap_text(before.swaps[step.a]);
    case Move::kLoseMessage:
      return "lost: " + message_text(before.messages[step.a]);
    case Move::kDeliver:
      return std::string(step.b ? "delivered (and stays): " : "delivered: ") +
             message_text(before.messages[step.a]);
    case Move::kCrash:
    case Move::kWipe:
    case Move::kSetAside:
    case Move::kImage:
    case Move::kRollBack:
    case Move::kImageRecord:
    case Move::kGoBack:
      return describe_fault(step, before);
    default:
      return describe_read(step);
  }
}

void print_state(const State& s) {
  std::printf("      record %s | committed %s%s\n", record_text(s.record).c_str(),
              log_text(s.log, s.committed).c_str(), s.lost ? " (some was lost)" : "");
  for (int i = 0; i < kReplicas; ++i) {
    const Replica& r = s.replicas[i];
    std::printf("      %d%s: promise %d log %s durable %d commit %d mark %d%s", i,
                has(s.wiped, i) ? "'" : "", r.promise, log_text(r.log, r.len).c_str(), r.durable,
                r.commit, r.mark, r.verified ? " verified" : "");
    if (r.lead) {
      std::printf(" LEADS v%d %s match", r.version, set_text(r.set).c_str());
      for (int id = 0; id < kIds; ++id) std::printf(" %d", r.match[id]);
      if (r.pending_in) std::printf(" pending, in all %s", set_text(r.pending_in).c_str());
    }
    if (opt.reads) std::printf(" lease %d answered %d", r.lease, r.answered);
    std::printf("\n");
  }
}

}  // namespace tandem::model

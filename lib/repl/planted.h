// The planted bugs of the protocol (base/planted.h).
#pragma once

#include "base/planted.h"

namespace tandem::repl {

enum class Bug {
  kNone,
  // In the protocol core.
  kAckBeforeFsync,     // an acknowledgement that waits for no disk
  kAckOnReceipt,       // ... for an append that did not fit
  kReuseEpoch,         // a restarted leader goes on in its old epoch
  kPromiseNotDurable,  // the promise is only in memory
  kUnknownSwapFailed,  // a compare-and-swap without an answer is taken for refused
  kReadBackSettles,    // reading the old version back settles it
  kSkipUnion,          // only the set of the record has to acknowledge, not the pending one
  kJoinAtCommit,       // a learner joins at the commit index, below the epoch's first entry
  kAckOfAnyDisk,       // an acknowledgement counts whatever storage_id it is of
  kAckOfAnySession,    // ... whatever session
  kCommitNotCapped,    // a follower takes the leader's commit index beyond what it verified
  kCutOnShorter,       // a shorter append cuts what is behind it
  kCutToCommit,        // a new leader's follower cuts back to its commit index
  kServeBeforeOpen,    // the leader answers before its epoch is opened
  kCommitBeforeOpen,   // ... and commits entries of earlier epochs by counting
  kLeaseFromReceipt,   // a lease runs from when it came in
  kDeposedGrants,      // leases are granted beyond the leader's own
  kRemoveBeforeLease,  // a member is removed while its lease runs
  kNewLeaderNoWait,    // a new leader does not wait for the leases of its predecessor
  kSetChangeNoWait,    // ... but changes the set before it has waited
  kReadWithoutLease,   // the leader reads without a lease
  kReadCommitOnly,     // a follower reads at its commit index, not at its log's end
  kStaleProof,         // a proof of death of another epoch counts
  kLeaseBeforeRecord,  // a restarted replica takes a lease before it has read the record
  kBelowMinimum,       // the set shrinks below min_in_sync
  kForgetKeys,         // keys are left out of snapshots
  kCutBelowMark,       // a replica cuts what it knows committed
  kKeepWentBack,       // a member whose disk went back stays in the set
  kLeaseUnverified,    // a member gets a lease before its log is seen to have what is committed
  kCommitBeforeNamed,  // entries commit under a set before that set is in the log
  kLeadUnchosen,       // a process leads where an earlier life of its replica was chosen
  kNoMark,             // what is known committed is never written down
  kWallClockLogTime,   // log time follows the leader's wall clock
  // In what drives the core.
  kSendBeforeTicket,      // messages leave before the write that they wait for is durable
  kClockBeforeRequest,    // the clock of a read is older than the request
  kReadWithoutWaiting,    // a read does not wait until its index is applied
  kIgnoreSessionIndex,    // a session's read does not wait for its index
  kApplyUncommitted,      // entries are applied when they are in the log
  kJudgeTooEarly,         // a leader takes writes before its state has come to its epoch
  kKeepWriters,           // who wrote under a leader that is none any more waits on
  kHearWhileInstalling,   // messages are taken while a snapshot takes the place of the log
  kOversleep,             // the alarm is set later than the core's next deadline
  kReadWhatWentBack,      // a state that went back is read before it is there again
  kForgetThatItWentBack,  // ... and goes on as if it had not
  kRefuseWhatWaits,       // who waits for a write when the process ends is told that it was refused
  kRefuseDeposed,         // ... when leadership is lost
  kForgetLogEarly,        // the log is forgotten up to a snapshot that is not on disk yet
  kGoOnFromAnything,      // a state that an engine kept is gone on from whatever the log holds
  // In the way of requests to a group (lib/group/gateway.h).
  kRetryWithAnotherKey,  // a write is tried again under a key of its own
  kForgetMayBeDone,      // a try with an unknown outcome counts as refused
  kGoneIsRefused,        // ... one to a replica that is gone, or does not lead any more
  kBelieveAnyRefusal,    // a refusal is the answer, whatever came of an earlier try
  kNoSpaceAnswers,       // ... that of a full disk
  kOutcomeOfAnother,     // an outcome that comes late is taken for that of the call in its place
  // Of disk and controllers; the simulator plants these itself.
  kRetryFsync,          // a failed fsync is tried again, and believed
  kKeepIdAfterWipe,     // a wiped disk keeps its storage_id
  kElectOutside,        // a controller elects a replica outside the in-sync set
  kIgnoreMark,          // ... one that lacks what another one knows committed
  kIgnoreLongest,       // ... one that has not caught up since it started and has a shorter log
  kBelieveOldRecord,    // ... by a record that is older than what replicas have seen
  kElectTooFew,         // ... after a start of everything, though too few answer to be sure
  kRepairWithoutAll,    // the record is repaired though a member of the set does not answer
  kVersionLinkedAgain,  // the record store gives a version out twice after pruning
  kCount,
};

inline constexpr BugNames<Bug> kBugNames = {
    "none",
    "ack-before-fsync",
    "ack-on-receipt",
    "reuse-epoch",
    "promise-not-durable",
    "unknown-swap-failed",
    "read-back-settles",
    "skip-union",
    "join-at-commit",
    "ack-of-any-disk",
    "ack-of-any-session",
    "commit-not-capped",
    "cut-on-shorter",
    "cut-to-commit",
    "serve-before-open",
    "commit-before-open",
    "lease-from-receipt",
    "deposed-grants",
    "remove-before-lease",
    "new-leader-no-wait",
    "set-change-no-wait",
    "read-without-lease",
    "read-commit-only",
    "stale-proof",
    "lease-before-record",
    "below-minimum",
    "forget-keys",
    "cut-below-mark",
    "keep-went-back",
    "lease-unverified",
    "commit-before-named",
    "lead-unchosen",
    "no-mark",
    "wall-clock-log-time",
    "send-before-ticket",
    "clock-before-request",
    "read-without-waiting",
    "ignore-session-index",
    "apply-uncommitted",
    "judge-too-early",
    "keep-writers",
    "hear-while-installing",
    "oversleep",
    "read-what-went-back",
    "forget-that-it-went-back",
    "refuse-what-waits",
    "refuse-deposed",
    "forget-log-early",
    "go-on-from-anything",
    "retry-with-another-key",
    "forget-may-be-done",
    "gone-is-refused",
    "believe-any-refusal",
    "no-space-answers",
    "outcome-of-another",
    "retry-fsync",
    "keep-id-after-wipe",
    "elect-outside",
    "ignore-mark",
    "ignore-longest",
    "believe-old-record",
    "elect-too-few",
    "repair-without-all",
    "version-linked-again",
};

}  // namespace tandem::repl

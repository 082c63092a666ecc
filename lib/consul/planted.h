// The planted bugs of coordination by Consul (base/planted.h).
#pragma once

#include "base/planted.h"

namespace tandem::consul {

enum class Bug {
  kNone,
  // Of the session.
  kHeldWithoutRenewal,  // a lock is held for as long as nobody says otherwise
  kLiveFromAnswer,      // the session lives from when a renewal was answered
  kKeepGoneSession,     // a session that is over is kept
  kKeepUnsure,          // ... one with which a lock may be taken yet that nobody wants any more
  kTakeWhileReleased,   // a lock is asked for while a release of it is under way
  // Of locks.
  kHoldWhatIsLost,      // a lock is held though another session is seen to have it
  kTookWithOldSession,  // ... though the session that it was taken with is another one by now
  kEndTheLiving,        // a holder's session is ended without a proof of its death
  kNeverPrompt,         // a session whose time does not run is never made to end
  // Of what is seen.
  kTrustWatch,     // an index that went back is believed of nobody
  kNoPlainReads,   // nothing is read beside the query that waits
  kBelieveAll,     // answers are believed in the order in which they come
  kReadAnywhere,   // reads need not be consistent
  kForgetChanges,  // what this process has changed itself, and is undone, is not told
  // Of the record.
  kRetryAsNewVersion,  // a swap with an unknown outcome is tried again upon what is there then
  kCompareFlagsOnly,   // a swap looks at the version, not at the text
  kPutBlindly,         // ... and puts whatever became of the record meanwhile
  kUnknownIsRefused,   // a swap with an unknown outcome is told refused
  kPassedIsApplied,    // ... that the record went past is told applied
  // Of members.
  kRemoveAnySession,  // an entry is removed whatever session it is of
  // Of what is known of processes; the simulator plants it itself.
  kProofAcrossHosts,  // a pid that is not there proves the death of a process of another host
  kCount,
};

inline constexpr BugNames<Bug> kBugNames = {
    "none",
    "held-without-renewal",
    "live-from-answer",
    "keep-gone-session",
    "keep-unsure",
    "take-while-released",
    "hold-what-is-lost",
    "took-with-old-session",
    "end-the-living",
    "never-prompt",
    "trust-a-watch-after-restore",
    "no-plain-reads",
    "believe-all",
    "read-anywhere",
    "forget-changes",
    "retry-as-new-version",
    "compare-flags-only",
    "put-blindly",
    "unknown-is-refused",
    "passed-is-applied",
    "remove-any-session",
    "proof-across-hosts",
};

}  // namespace tandem::consul

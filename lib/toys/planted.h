// The planted bugs of the toy store (base/planted.h).
#pragma once

#include "base/planted.h"

namespace tandem::toys {

enum class Bug {
  kNone,
  // In the saga of a purchase.
  kForgetOutcomes,     // the catalog remembers no outcome: each take is carried out
  kIgnoreClosedBelow,  // a late take of a closed intent is carried out
  kLoseOutcomes,       // outcomes are left out of the catalog's snapshots
  kNumberAtProposal,   // the leader draws an order's number when it proposes the result
  kResultTwice,        // a result counts though the intent has one
  kForgetIntents,      // a new leader does not carry the open intents on
  kCloseBelowOpen,     // the leader tells as closed what is open yet
  // In the invalidation of the fronts' caches.
  kAnswerUnheard,     // a change is answered before its invalidation is acknowledged
  kNewLeaderAnswers,  // ... by a new leader at once, whatever the one before it granted
  kGrantBeyondLease,  // a front's lease outlives that of the catalog's leader
  kForgetUnheard,     // a lost answer to a poll is not repeated
  kForgetOverflow,    // what is too much to be remembered for a front is forgotten
  kKeepExpired,       // a front that has missed something and has no lease is not forgotten
  // In the cache of a front.
  kHitWithoutLease,        // whatever is there is served
  kFrontLeaseFromReceipt,  // the lease runs from when the answer came in
  kNoMargin,               // it lasts as long as the catalog waits, whatever clocks do
  kNoFloor,                // a fill is stored though a later change was heard of
  kKeepOnReconnect,        // a fresh subscription leaves the cache as it is
  kStoreOldFill,           // a fill that was sent under another subscription is stored
  kJoinWithoutLease,       // a query waits for a fill that began before, without a lease
  // In the services (lib/store).
  kIntentNotJoined,    // a repetition with the same key is an intent of its own
  kAskBeforeCommit,    // the catalog is asked before the intent is committed
  kAnswerProvisional,  // ... and its answer is the client's, before the result is
  kRepetitionAnswers,  // a repeated change is answered at once
  kForgetLateIntents,  // an intent that is applied when nobody waits for it any more is left open
  kLogResultOnce,      // a result that could not be logged, or was lost, is not logged again
  kRefuseWhatIsOpen,   // who waits for an intent when leadership ends is told that it was refused
  kDrainAnswersHeld,   // a catalog that ends answers what it holds back
  kLetGoAnswers,       // ... one that does not lead any more
  // In what a front is behind its HTTP (lib/store).
  kServeBelowFloor,   // who waited for a fill is served below the floor
  kFrontClockBefore,  // the clock of a query is older than the query
  kReuseMadeKey,      // a change without a key gets that of the one before
  kCount,
};

inline constexpr BugNames<Bug> kBugNames = {
    "none",
    "forget-outcomes",
    "ignore-closed-below",
    "lose-outcomes",
    "number-at-proposal",
    "result-twice",
    "forget-intents",
    "close-below-open",
    "answer-unheard",
    "new-leader-answers",
    "grant-beyond-lease",
    "forget-unheard",
    "forget-overflow",
    "keep-expired",
    "hit-without-lease",
    "front-lease-from-receipt",
    "no-margin",
    "no-floor",
    "keep-on-reconnect",
    "store-old-fill",
    "join-without-lease",
    "intent-not-joined",
    "ask-before-commit",
    "answer-provisional",
    "repetition-answers",
    "forget-late-intents",
    "log-result-once",
    "refuse-what-is-open",
    "drain-answers-held",
    "let-go-answers",
    "serve-below-floor",
    "front-clock-before",
    "reuse-made-key",
};

}  // namespace tandem::toys

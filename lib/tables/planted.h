// The planted bugs of the tables in PostgreSQL (base/planted.h): each is found by the tests that
// compare them with those in memory (tests/unit/tables/planted).
#pragma once

#include "base/planted.h"

namespace tandem::tables {

enum class Bug {
  kNone,
  kNoCollation,         // texts are ordered as the database was told to
  kNoNullOrder,         // null comes last
  kUniqueAtOnce,        // what is unique is looked at row by row
  kIndexApart,          // the applied index is committed behind the rows
  kKeysApart,           // the outcomes of keys are committed before the rows
  kAnswerBeforeCommit,  // what was sent counts as applied
  kNoFence,             // a session writes whoever has the tables
  kIgnoreWentBack,      // tables of an older state are gone on with
  kAdoptAnything,       // ... whatever the log holds
  kCount,
};

inline constexpr BugNames<Bug> kBugNames = {
    "none",       "no-collation",         "no-null-order", "unique-at-once",   "index-apart",
    "keys-apart", "answer-before-commit", "no-fence",      "ignore-went-back", "adopt-anything",
};

}  // namespace tandem::tables

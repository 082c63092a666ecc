// What clients did to a database and what they were told: the material of the checkers in
// linearizable.h and checks.h. Pure values: no I/O, no clock, no thread.
//
// An operation that was repeated with its Idempotency-Key is one operation, from the first call to
// the last answer. One that got no clear answer is kUnknown: it may take effect at any time after
// its call, also after everything else, or never.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace tandem::history {

// In any unit, from any start. An operation comes before another one only where it returned at a
// smaller time than that was called; equal times are concurrent.
using Time = int64_t;

// The value of a register that nobody has written.
inline constexpr int64_t kAbsent = std::numeric_limits<int64_t>::min();

enum class Kind : uint8_t {
  kRead,        // register or counter: `value` was read
  kWrite,       // register: `value` was written
  kCompareSet,  // register: `value` was written if it held `expected`
  kIncrement,   // counter: `value` was added; an absent one counts as 0
  kAdd,         // set: `value` was added
  kReadSet,     // set: `values` were read, in any order
  kAppend,      // list: `value` was put at the end
  kReadList,    // list: `values` were read
};

enum class Outcome : uint8_t {
  kOk,
  kMismatch,  // of a compare-and-set: the register held something else, nothing was done
  kRefused,   // it certainly has no effect, and tells nothing
  kUnknown,
};

// What a read promises. Checks of real time look at kLinearizable reads only.
enum class Level : uint8_t { kLinearizable, kSession, kEventual };

struct Operation {
  uint32_t client = 0;
  Kind kind = Kind::kRead;
  Outcome outcome = Outcome::kOk;
  Level level = Level::kLinearizable;
  Time called = 0;
  Time returned = 0;     // without meaning where the outcome is kUnknown
  std::string key;       // each key is an object of its own: one register, counter, set or list
  int64_t value = 0;     // read, written, added
  int64_t expected = 0;  // of a compare-and-set
  std::vector<int64_t> values;  // of kReadSet and kReadList
  uint64_t index = 0;           // the index of the log that the answer reflects; 0: not told
  uint64_t session = 0;         // 0: in none
};

using History = std::vector<Operation>;

enum class Problem : uint8_t {
  kNotLinearizable,  // no order of the operations explains what was read
  kLost,             // acknowledged or seen, then missing up to the last read
  kStale,            // acknowledged or seen, then missing in a read, then there again
  kDoubled,          // there twice
  kPhantom,          // read though nobody had written it
  kOrder,            // two reads, or two writes and a read, contradict each other's order
  kWentBack,         // a session saw less than before
  kWrongIndex,       // an answer does not fit the index of the log that it names
  kUnbalanced,       // what a store has, sold and was given does not add up
};

struct Violation {
  Problem problem = Problem::kNotLinearizable;
  std::string key;
  std::string text;                // one or more lines for a person
  std::vector<size_t> operations;  // positions in the history that was checked
};

enum class Verdict : uint8_t { kOk, kViolated, kUnknown };

const char* name_of(Problem problem);
const char* name_of(Verdict verdict);

// One line: who, when, what, with which outcome.
std::string describe(const Operation& operation);

// Whether the operation may have changed something.
bool may_have_effect(const Operation& operation);

}  // namespace tandem::history

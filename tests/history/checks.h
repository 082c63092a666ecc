// Checks of a history that take linear time (times a logarithm). Each looks at the kinds that it is
// about and passes over the others; each gives what it found, nothing where all is well.
#pragma once

#include <span>
#include <vector>

#include "history/history.h"

namespace tandem::history {

// Sets that only grow (kAdd, kReadSet). Lost: acknowledged, or seen by a read, and missing in every
// later read; stale: missing in one that began later, though there in another one after it;
// doubled: twice in one read; phantom: read before anybody wanted to add it; order: of two reads
// each has something that the other one has not.
std::vector<Violation> check_sets(std::span<const Operation> history);

// Lists that only grow (kAppend, kReadList), each value appended by one operation. As for sets, and
// order: a read is not the beginning of a longer one, or an append that was acknowledged before
// another one was called stands behind it.
std::vector<Violation> check_lists(std::span<const Operation> history);

// Sessions (session != 0; a session's operations come one after the other): the index of a read is
// never below that of any answer that the session had before, and a read of a set or list has all
// that the session had added to or read from it before.
std::vector<Violation> check_sessions(std::span<const Operation> history);

// Answers that name the index that they reflect (index != 0), of any level. A read of a register
// gives the value of the last acknowledged write up to its index, or that of a write of unknown
// outcome; a read of a set or list has exactly those acknowledged values whose index it has
// reached. Two acknowledged operations never have the same index.
std::vector<Violation> check_indexes(std::span<const Operation> history);

}  // namespace tandem::history

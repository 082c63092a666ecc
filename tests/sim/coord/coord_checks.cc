#include "sim/coord/coord_checks.h"

#include <algorithm>

#include "base/check.h"
#include "sim/checks.h"
#include "sim/plan.h"

namespace tandem::sim {
namespace {

using coord::SwapOutcome;
using coord::Versioned;

// Until an answer that was on its way, or a query that waited, is nobody's any more.
constexpr int64_t kTellsOldNs = 60'000 * kMs;
// Until a plain read has shown what is, where some are lost.
constexpr int64_t kClaimsOldNs = 25'000 * kMs;

Versioned versioned(const ConsulModel::Entry* entry) {
  return entry == nullptr ? Versioned{} : Versioned{entry->flags, entry->value, {}};
}

bool nothing_was_done(const Error& error) {
  return error.kind == ErrorKind::kBadInput || error.kind == ErrorKind::kPermission ||
         error.kind == ErrorKind::kNoSpace || error.kind == ErrorKind::kExhausted;
}

}  // namespace

// --- the record ---

void CoordChecks::record_changes(const ConsulModel::Entry* before, const ConsulModel::Entry* after,
                                 int64_t now_ns) {
  if (after == nullptr) violated("the record is removed");
  const Versioned was = versioned(before);
  const Versioned is = versioned(after);
  const auto by = by_text_.find(is.text);
  if (by == by_text_.end()) violated("the record becomes what nobody wrote");
  Swap& swap = swaps_[by->second - 1];
  if (++swap.applied[generation_] > 1) violated("a swap is applied twice");
  if (swap.refused) violated("a swap is applied that was refused");
  const bool as_expected = swap.expected.version == was.version &&
                           (swap.expected.text.empty() || swap.expected.text == was.text);
  if (!as_expected && swap.generation != generation_) {
    // Servers that were wiped count from the beginning: what was on its way before may meet the
    // number that it expects.
    return went_back(after, now_ns);
  }
  if (!as_expected) violated("a swap is applied to what it did not expect");
  if (is.version != was.version + 1) violated("a swap makes another version than the next");
  history_.push_back({is, generation_});
}

void CoordChecks::went_back(const ConsulModel::Entry* record, int64_t now_ns) {
  history_.push_back({versioned(record), ++generation_});
  went_back_ns_ = disturbed_ns_ = now_ns;
}

uint64_t CoordChecks::swap_begins(const coord::Expected& expected, const std::string& text) {
  swaps_.push_back({expected, text, generation_, false, {}});
  CHECK(by_text_.emplace(text, swaps_.size()).second);
  return swaps_.size();
}

void CoordChecks::swap_ends(uint64_t number, const Result<SwapOutcome>& outcome) {
  Swap& swap = swaps_[number - 1];
  if (outcome && *outcome == SwapOutcome::kApplied) {
    if (swap.applied.empty()) violated("a swap is not in the record that was told applied");
    return;
  }
  if (!outcome && !nothing_was_done(outcome.error())) return;
  // Where it went back, nobody can tell what it was.
  if (swap.generation != generation_) return;
  if (!swap.applied.empty()) violated("a swap is in the record that was refused");
  swap.refused = true;
}

std::optional<size_t> CoordChecks::place(size_t from, const Versioned& record) const {
  for (size_t i = from; i < history_.size(); ++i) {
    if (history_[i].record == record) return i;
  }
  return std::nullopt;
}

void CoordChecks::read(size_t from, const Versioned& record) const {
  if (!place(from, record)) violated("a read gives what the record was not since it began");
}

size_t CoordChecks::told(size_t last, const Versioned& record, int64_t now_ns) const {
  if (const auto later = place(last, record)) return *later;
  const auto ever = place(0, record);
  if (!ever) violated("a watch tells what never was");
  if (!went_back_ns_ || now_ns - *went_back_ns_ > kTellsOldNs) violated("a watch goes back");
  return *ever;
}

// --- locks ---

bool CoordChecks::excuses_claims(int64_t now_ns) const {
  return disturbed_ns_ && now_ns - *disturbed_ns_ <= kClaimsOldNs;
}

}  // namespace tandem::sim

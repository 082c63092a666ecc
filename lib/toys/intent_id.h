// The identity of an intent to buy: where its entry is in the log of the order group. It is never
// used again, not even where entries were lost and their indexes were given to others, because the
// epoch has risen then; and it is ordered as the log is.
//
//   text = epoch "-" index     ; decimal numbers without leading zeros: "7-1234"
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tandem::toys {

struct IntentId {
  uint64_t epoch = 0;
  uint64_t index = 0;
  auto operator<=>(const IntentId&) const = default;
};

std::string to_text(const IntentId& id);
// kBadInput: not such a text.
Result<IntentId> parse_intent_id(std::string_view text);

}  // namespace tandem::toys

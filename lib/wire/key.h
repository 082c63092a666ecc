// The rule for idempotency keys, one for all doors and for what enters a log: 1 to kMaxKeyBytes
// bytes of UTF-8 without control characters. Pure.
//
// A key that tandem makes (base/ids.h) is logged as it is, as a client's is: nothing that a client
// may choose makes its request an error.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tandem::wire {

constexpr size_t kMaxKeyBytes = 128;

// Fails with kBadInput: "Idempotency-Key has 129 bytes, …".
Status check_key(std::string_view key);

}  // namespace tandem::wire

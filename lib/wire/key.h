// The rule for idempotency keys, one for all doors and for what enters a log: 1 to kMaxKeyBytes
// bytes of UTF-8 without control characters. Pure.
//
// A key that tandem makes (base/ids.h) says in its own text how it is to be remembered. A client's
// key that happens to have that form is logged with a mark in front, so that it is remembered as
// every other key of a client: nothing that a client may choose makes its request an error, and no
// key of a client lives longer or shorter than others. What tandem made and a client sends back, as
// it was told to after a 504, stays as it is.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tandem::wire {

constexpr size_t kMaxKeyBytes = 128;

// Of a key that a client sends. Fails with kBadInput: "Idempotency-Key has 129 bytes, …".
Status check_key(std::string_view key);

// The key under which a client's request is logged. Two keys never become one.
// REQUIRES: check_key(key).
std::string logged_key(std::string_view key);

// The other way: what the client calls it.
std::string_view client_key(std::string_view logged);

// Of a key that is to be logged, with the mark where it has one.
Status check_logged_key(std::string_view key);

}  // namespace tandem::wire

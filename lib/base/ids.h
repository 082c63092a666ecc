// Random identities. All come from getrandom(2); pure libraries get them as arguments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tandem {

// Never 0: 0 means "none" or "unknown" wherever these ids are stored or sent.
uint64_t random_id();

// 16 lower-case hex digits and back; parse_hex_id fails with kBadInput on anything else.
std::string hex_id(uint64_t id);
Result<uint64_t> parse_hex_id(std::string_view text);

// An idempotency key that is remembered as long as a client's: "r-<16 hex>".
std::string random_key();
// The same with a random number of the caller's.
std::string random_key(uint64_t random);
// One that tells when it was made, in a time that no clock can falsify: by the newest index of the
// log that it is for of which its maker has heard. "i-<index, decimal>-<16 hex>"; the last four
// digits are check digits of everything before them, so that hardly a key that a client thought of
// passes for one. What is done with that: repl/exactly_once.h.
std::string make_key(uint64_t heard_index);
// The same with a random number of the caller's, of which the last 16 bits do not count.
std::string made_key(uint64_t heard_index, uint64_t random);
// The index in a key that make_key made; nothing where a key is a client's own.
std::optional<uint64_t> key_birth(std::string_view key);

}  // namespace tandem

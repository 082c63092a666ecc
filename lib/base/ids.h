// Random identities. All come from getrandom(2); pure libraries get them as arguments.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tandem {

// Never 0: 0 means "none" or "unknown" wherever these ids are stored or sent.
uint64_t random_id();

// 16 lower-case hex digits and back; parse_hex_id fails with kBadInput on anything else.
std::string hex_id(uint64_t id);
Result<uint64_t> parse_hex_id(std::string_view text);

// An idempotency key made by tandem: "t-<birth, ms since 1970, decimal>-<16 hex>". The birth lets
// a replica refuse a key that is older than its memory of keys. The last four digits are check
// digits of everything before them.
std::string make_key(int64_t wall_ms);
// The birth of a key that has the form of a made one, or -1 where it is a client's own.
int64_t key_birth_ms(std::string_view key);
// Whether the key was made by make_key: a key that a client thought of itself may have the form,
// but hardly the check digits. Made before they were there, it looks like a client's.
bool is_made_key(std::string_view key);

}  // namespace tandem

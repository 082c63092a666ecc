#pragma once

#include <cstdint>
#include <string>

namespace tandem::client {

// "2026-01-31T12:00:00Z", of ms since 1970.
std::string utc_text(int64_t wall_ms);
// "2026-01-31T12:00:00.123Z"
std::string utc_text_ms(int64_t wall_ms);

}  // namespace tandem::client

// CRC-32C (Castagnoli, RFC 3720 appendix B.4), by the CPU's instruction where it has one
// (SSE4.2, ARMv8), else by a table.
#pragma once

#include <cstdint>
#include <string_view>

namespace tandem::wire {

// The checksum of `data`, or of data that continues what gave `seed`.
uint32_t crc32c(std::string_view data, uint32_t seed = 0);

// The table version, for machines without the instruction; public so that a test compares both.
uint32_t crc32c_portable(std::string_view data, uint32_t seed = 0);

}  // namespace tandem::wire

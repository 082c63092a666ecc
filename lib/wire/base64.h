// Base64 with padding (RFC 4648, section 4), as HTTP APIs give binary values in JSON.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tandem::wire {

std::string encode_base64(std::string_view bytes);
// kBadInput where it is not what encode_base64() makes of anything.
Result<std::string> decode_base64(std::string_view text);

}  // namespace tandem::wire

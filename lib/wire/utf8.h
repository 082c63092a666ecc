// UTF-8 (RFC 3629; table 3-7 of the Unicode standard): what is well-formed, and what of it is a
// control character. Pure. Overlong forms, surrogates and what is above U+10FFFF are malformed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tandem::wire {

// The length in bytes, 1 to 4, of the well-formed character that `text` begins with; 0 where it
// begins with none. REQUIRES: text is not empty.
size_t utf8_length(std::string_view text);

bool is_utf8(std::string_view text);

// `text`, or so much of it as fits into `bytes`, cut between characters, and "…".
std::string shortened(std::string_view text, size_t bytes);

// U+0000–U+001F, U+007F–U+009F: what no name and no key may hold, as it is shown to people, written
// to terminals and put into headers. REQUIRES: is_utf8(text).
bool has_control_character(std::string_view text);

}  // namespace tandem::wire

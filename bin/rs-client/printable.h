// Text from elsewhere, made safe to show: a user may be called anything, also an escape sequence
// that would drive the terminal. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tandem::client {

// Control characters, of C0 and C1, as \n, \t, \r or \xNN; a byte that is not UTF-8 as \xNN.
std::string printable(std::string_view text);

// The same for one cell of tab-separated values, with a backslash as \\, so that it can be turned
// back.
std::string tsv_escaped(std::string_view text);

// JSON for a terminal: what its strings may hold as it is, and a terminal obeys (DEL, C1), as
// \u007f. It stays the same JSON.
std::string printable_json(std::string_view json);

// Columns that printable text takes on a terminal.
size_t display_width(std::string_view text);

}  // namespace tandem::client

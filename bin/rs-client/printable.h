// Text from elsewhere, made safe to show: a user may be called anything, also an escape sequence
// that would drive the terminal. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tandem::client {

// Control characters, of C0 and C1, as \n, \t, \r or \xNN; a byte that is not UTF-8 as \xNN.
std::string printable(std::string_view text);

// For one cell of tab-separated values: backslash, tab, line end and carriage return as \\, \t, \n
// and \r, everything else as it is, so that it can be turned back.
std::string tsv_escaped(std::string_view text);

// Columns that printable text takes on a terminal.
size_t display_width(std::string_view text);

}  // namespace tandem::client

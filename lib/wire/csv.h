// Comma-separated values (RFC 4180), one record a line: shared by the files that tandem reads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tandem::wire {

// Takes the next line off `text`, without its end (LF or CR LF).
std::string_view take_line(std::string_view& text);

// A byte order mark at the beginning of a file means nothing.
std::string_view without_byte_order_mark(std::string_view text);

// Splits one line into its fields, replacing `fields`. A field may be in double quotes, with "" for
// a quote inside; false where the quoting is broken.
bool split_csv_record(std::string_view line, std::vector<std::string>& fields);

}  // namespace tandem::wire

// Reads a file that an operator has written: a configuration, a table of areas.
//
// Regular files alone. TERM is not heard while a process reads, so whoever opened a FIFO that
// nobody writes to could only be killed.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace tandem::daemon {

// kConfig: it is longer, or is no regular file. Else as errno says: "cannot open 'x.csv': …".
Result<std::string> read_input_file(const std::string& path, size_t max_bytes);

}  // namespace tandem::daemon

// The name that ts-catalog knows file::read_input by.
#pragma once

#include "file/file.h"

namespace tandem::daemon {

inline Result<std::string> read_input_file(const std::string& path, size_t max_bytes) {
  return file::read_input(path, max_bytes);
}

}  // namespace tandem::daemon

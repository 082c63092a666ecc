// How much was logged since testing::internal::CaptureStderr(): an event that can be waited for.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

namespace tandem::support {

// Of the file that standard error goes to.
inline off_t captured_bytes() {
  struct stat status {};
  return fstat(STDERR_FILENO, &status) == 0 ? status.st_size : 0;
}

}  // namespace tandem::support

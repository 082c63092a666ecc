#include "loop/regular_file.h"

#include <sys/stat.h>

#include <cerrno>

namespace tandem::loop {

Status check_regular(int fd, const std::string& path, ErrorKind kind) {
  struct stat about {};
  if (fstat(fd, &about) != 0) return fail_errno("cannot read '" + path + "'", errno);
  if (S_ISREG(about.st_mode)) return {};
  if (S_ISDIR(about.st_mode)) return fail_errno("cannot read '" + path + "'", EISDIR);
  return fail(kind, "'" + path + "' is not a regular file");
}

}  // namespace tandem::loop

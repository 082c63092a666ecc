#include "daemon/input_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "loop/regular_file.h"

namespace tandem::daemon {
namespace {

Result<std::string> read_whole(int fd, const std::string& path, size_t max_bytes) {
  const Status regular = loop::check_regular(fd, path, ErrorKind::kConfig);
  if (!regular) return fail(regular.error());
  std::string text;
  char buffer[16384];
  while (text.size() <= max_bytes) {
    const ssize_t got = read(fd, buffer, sizeof buffer);
    if (got == 0) return text;
    if (got < 0 && errno != EINTR) return fail_errno("cannot read '" + path + "'", errno);
    if (got > 0) text.append(buffer, static_cast<size_t>(got));
  }
  return fail(ErrorKind::kConfig, "'" + path + "' is too large: it has more than " +
                                      std::to_string(max_bytes) + " bytes");
}

}  // namespace

Result<std::string> read_input_file(const std::string& path, size_t max_bytes) {
  const int fd = open(path.c_str(), O_RDONLY | loop::kWithoutWaiting);
  if (fd < 0) return fail_errno("cannot open '" + path + "'", errno);
  Result<std::string> text = read_whole(fd, path, max_bytes);
  close(fd);
  return text;
}

}  // namespace tandem::daemon

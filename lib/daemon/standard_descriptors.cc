#include "daemon/standard_descriptors.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/check.h"

namespace tandem::daemon {

void fill_standard_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    const int filled = open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    CHECK_MSG(filled == fd, "cannot open /dev/null");
  }
}

}  // namespace tandem::daemon

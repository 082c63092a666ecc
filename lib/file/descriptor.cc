#include "file/descriptor.h"

#include <unistd.h>

namespace tandem::file {

void Descriptor::reset() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

}  // namespace tandem::file

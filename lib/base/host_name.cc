#include "base/host_name.h"

#include <unistd.h>

#include <utility>

namespace tandem {

std::string host_name(std::string otherwise) {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : std::move(otherwise);
}

}  // namespace tandem

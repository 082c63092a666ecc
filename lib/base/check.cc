#include "base/check.h"

#include <cstdlib>
#include <string>

#include "base/log.h"

namespace tandem {

void check_failed(const char* file, int line, const char* condition, std::string_view why) {
  log::error("check failed: this is a bug in tandem",
             {{"where", std::string(file) + ":" + std::to_string(line)},
              {"condition", condition},
              {"why", why}});
  std::abort();
}

}  // namespace tandem

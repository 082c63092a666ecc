// What this binary was built from: for --version and the metric tandem_build_info.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::daemon {

struct BuildInfo {
  std::string version;   // of tandem
  std::string commit;    // "unknown" outside git
  std::string compiler;  // "GNU 12.2.0"
  // Name and version of the libraries that this process has loaded or that are compiled in.
  std::vector<std::pair<std::string, std::string>> libraries;
};

BuildInfo build_info();

}  // namespace tandem::daemon

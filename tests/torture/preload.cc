#include "preload.h"

#include <cstdlib>

namespace tandem::torture {

std::string clocks_directory(const Settings& settings) { return settings.directory + "/clocks"; }

std::vector<std::string> preload(const Settings& settings,
                                 const std::vector<std::string>& variables) {
  const char* options = std::getenv("ASAN_OPTIONS");
  std::vector<std::string> words = {
      "env", "LD_PRELOAD=" + settings.shim + ":" + settings.clock_shim,
      "TANDEM_CLOCKS=" + clocks_directory(settings),
      std::string("ASAN_OPTIONS=") + (options == nullptr ? "" : options) +
          ":verify_asan_link_order=0"};
  words.insert(words.end(), variables.begin(), variables.end());
  return words;
}

}  // namespace tandem::torture

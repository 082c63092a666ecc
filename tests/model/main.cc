// tandem-model [option=value ...]: the replication protocol as a small model, every state of it.
// See README.md beside this file.
#include <cstdio>
#include <string>
#include <string_view>

#include "explore.h"
#include "options.h"

int main(int argc, char** argv) {
  using namespace tandem::model;
  std::string title;
  for (int k = 1; k < argc; ++k) {
    const std::string_view word = argv[k];
    if (word == "--help") {
      std::printf("usage: %s [option=value ...]\nexit: 0 no violation, 1 a violation\n\n", argv[0]);
      print_options();
      return 0;
    }
    if (!set_option(word)) {
      std::fprintf(stderr, "%s: no option '%s'\n", argv[0], argv[k]);
      return 64;
    }
    title += (title.empty() ? "" : " ") + std::string(word);
  }
  return opt.walk ? walk(title) : explore(title);
}

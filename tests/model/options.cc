#include "options.h"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace tandem::model {

bool set_option(std::string_view word) {
  const size_t equals = word.find('=');
  const std::string_view name = word.substr(0, equals);
  const int value = equals == std::string_view::npos
                        ? 1
                        : std::atoi(std::string(word.substr(equals + 1)).c_str());
#define TANDEM_MODEL_SET(field, initial, help) \
  if (name == #field) {                        \
    opt.field = value;                         \
    return true;                               \
  }
  TANDEM_MODEL_BOUNDS(TANDEM_MODEL_SET)
  TANDEM_MODEL_RULES(TANDEM_MODEL_SET)
  TANDEM_MODEL_BUGS(TANDEM_MODEL_SET)
#undef TANDEM_MODEL_SET
  return false;
}

void print_options() {
#define TANDEM_MODEL_PRINT(field, initial, help) \
  std::printf("%-16s %4d  %s\n", #field, initial, help);
  std::printf("bounds and faults\n");
  TANDEM_MODEL_BOUNDS(TANDEM_MODEL_PRINT)
  std::printf("\nrules\n");
  TANDEM_MODEL_RULES(TANDEM_MODEL_PRINT)
  std::printf("\nplanted bugs\n");
  TANDEM_MODEL_BUGS(TANDEM_MODEL_PRINT)
#undef TANDEM_MODEL_PRINT
}

}  // namespace tandem::model

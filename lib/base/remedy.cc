#include "base/remedy.h"

namespace tandem {

std::string remedy_in(std::string_view reason) {
  for (size_t at = reason.find('\''); at != std::string_view::npos;
       at = reason.find('\'', at + 1)) {
    const std::string_view quoted = reason.substr(at + 1);
    if (!quoted.starts_with("rs-client ") && !quoted.starts_with("tandem ")) continue;
    const size_t end = quoted.find('\'');
    if (end != std::string_view::npos) return std::string(quoted.substr(0, end));
  }
  return {};
}

}  // namespace tandem

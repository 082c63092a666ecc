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
  // Not quoted, as it has been told so for long.
  constexpr std::string_view kGoOn = "kill -CONT ";
  const size_t at = reason.find(kGoOn);
  if (at == std::string_view::npos) return {};
  const size_t end = reason.find_first_not_of("0123456789", at + kGoOn.size());
  const std::string_view command = reason.substr(at, end == reason.npos ? end : end - at);
  return command.size() > kGoOn.size() ? std::string(command) : std::string();
}

}  // namespace tandem

#include "utc_text.h"

#include <algorithm>
#include <ctime>

namespace tandem::client {

std::string utc_text(int64_t wall_ms) {
  const auto seconds = static_cast<time_t>(wall_ms / 1000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32] = {};
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string utc_text_ms(int64_t wall_ms) {
  std::string text = utc_text(wall_ms);
  const std::string ms = std::to_string(wall_ms % 1000);
  text.insert(text.size() - 1, "." + std::string(3 - std::min<size_t>(3, ms.size()), '0') + ms);
  return text;
}

}  // namespace tandem::client

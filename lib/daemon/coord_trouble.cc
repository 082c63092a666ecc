#include "daemon/coord_trouble.h"

namespace tandem::daemon {

std::optional<CoordTrouble::News> CoordTrouble::look() {
  const std::string trouble = coord_.trouble();
  if (in_trouble_ == !trouble.empty()) return std::nullopt;
  in_trouble_ = !trouble.empty();
  return News{!in_trouble_, in_trouble_ ? trouble : "coordination is there again"};
}

}  // namespace tandem::daemon

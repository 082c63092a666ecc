// When coordination gets into trouble, and when that is over: for the log.
#pragma once

#include <optional>
#include <string>

#include "coord/coord.h"

namespace tandem::daemon {

class CoordTrouble {
 public:
  struct News {
    bool over = false;
    std::string text;
  };

  // `coord` outlives this.
  explicit CoordTrouble(const coord::Coord& coord) : coord_(coord) {}

  // What has come since the last look.
  std::optional<News> look();

 private:
  const coord::Coord& coord_;
  bool in_trouble_ = false;  // as it was told last
};

}  // namespace tandem::daemon

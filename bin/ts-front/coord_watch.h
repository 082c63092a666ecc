// Tells the log when coordination gets into trouble, and when that is over.
#pragma once

#include "daemon/coord_trouble.h"
#include "loop/loop.h"

namespace tandem::front {

class CoordWatch {
 public:
  // Both outlive this.
  CoordWatch(loop::Loop& loop, const coord::Coord& coord);

 private:
  void look();

  daemon::CoordTrouble trouble_;
  loop::Timer looker_;
};

}  // namespace tandem::front

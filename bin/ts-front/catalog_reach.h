// Asks the replicas of the orders, now and then, whether they reach the catalog, so that none leads
// that cannot finish a purchase while another one could (group/reach.h). The controller
// alone asks.
#pragma once

#include "group/group.h"
#include "loop/loop.h"

namespace tandem::front {

class CatalogReach {
 public:
  // `orders` outlives this.
  CatalogReach(loop::Loop& loop, group::Group& orders);
  void set_active(bool active);

 private:
  void ask();

  group::Group& orders_;
  loop::Timer asker_;
};

}  // namespace tandem::front

// The gateway of lib/group as the services of the toy store see it (store/surroundings.h).
#pragma once

#include "group/gateway.h"
#include "store/surroundings.h"
#include "wire/envelope.h"

namespace tandem::storehost {

class Gateway final : public store::Gateway {
 public:
  // `gateway` outlives this.
  explicit Gateway(group::Gateway& gateway) : gateway_(gateway) {}

  void submit(const wire::Request& request, Done done) override;
  bool reaches_leader() const override { return gateway_.reaches_leader(); }

 private:
  group::Gateway& gateway_;
};

}  // namespace tandem::storehost

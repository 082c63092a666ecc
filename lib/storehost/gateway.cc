#include "storehost/gateway.h"

#include <utility>

namespace tandem::storehost {

void Gateway::submit(const wire::Request& request, Done done) {
  gateway_.submit(request, std::move(done));
}

}  // namespace tandem::storehost

#include "store/changes.h"

#include <utility>

namespace tandem::store {

void Changes::submit(wire::Request change, Done done) {
  std::string key(change.key);
  if (key.empty()) key = keys_.make(clock_.boot_ns());
  change.key = key;
  group_.submit(change,
                [this, key, done = std::move(done)](const wire::Response& response) mutable {
                  keys_.heard(response.index, clock_.boot_ns());
                  done(response, key);
                });
}

}  // namespace tandem::store

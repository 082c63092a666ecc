#include "store/changes.h"

#include <utility>

#include "toys/planted.h"

namespace tandem::store {

void Changes::submit(wire::Request change, Done done) {
  std::string key(change.key);
  if (key.empty()) {
    const bool again = planted(toys::Bug::kReuseMadeKey) && !last_made_.empty();
    if (!again) last_made_ = keys_.make(clock_.boot_ns());
    key = last_made_;
  }
  change.key = key;
  group_.submit(change,
                [this, key, done = std::move(done)](const wire::Response& response) mutable {
                  keys_.heard(response.index, clock_.boot_ns());
                  done(response, key);
                });
}

}  // namespace tandem::store

// The way of a request to one of the two groups of the store, as the handlers see it. Behind it is
// group::Gateway (store.h); tests have a fake.
#pragma once

#include "base/function.h"
#include "wire/envelope.h"

namespace tandem::front {

class Calls {
 public:
  // The views of the response are gone when the function returns.
  using Done = UniqueFunction<void(const wire::Response&)>;

  virtual ~Calls() = default;
  // Calls done exactly once, at once or later, within request.budget_ms (0: the configured limit).
  // What the request points to is copied. 503: nothing was done; 504: the outcome is unknown.
  virtual void submit(const wire::Request& request, Done done) = 0;
};

}  // namespace tandem::front

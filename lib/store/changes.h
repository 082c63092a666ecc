// The way of purchases and other changes from a front to a group, each under a key: the client's
// own, or one that is made here. Whoever is not told the outcome is told the key, to ask again
// with; the gateway does the same with every try. Pure: the simulator runs this very code.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/function.h"
#include "store/surroundings.h"
#include "wire/envelope.h"
#include "wire/key_maker.h"

namespace tandem::store {

class Changes {
 public:
  using Done = UniqueFunction<void(const wire::Response& response, const std::string& key)>;

  // All of them outlive this. `random`: a number that nobody else has, each time.
  Changes(const Clock& clock, Gateway& group, std::function<uint64_t()> random)
      : clock_(clock), group_(group), keys_(std::move(random)) {}

  // Without a key it gets one. What the change points to is copied; `done` is called exactly once,
  // the views of the response are gone when it returns.
  void submit(wire::Request change, Done done);

 private:
  const Clock& clock_;
  Gateway& group_;
  wire::KeyMaker keys_;    // of this group's log
  std::string last_made_;  // of a planted bug
};

}  // namespace tandem::store

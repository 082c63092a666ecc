// What a replica of the toy store answers beside what every replica does. Pure: the processes and
// the simulator run the same services.
#pragma once

#include "base/function.h"
#include "store/surroundings.h"
#include "wire/envelope.h"
#include "wire/json.h"

namespace tandem::store {

class Service {
 public:
  virtual ~Service() = default;

  virtual void start() {}
  // What `request` points to is gone when the function returns.
  virtual void on_request(ReplyHandle reply, const wire::Request& request) = 0;
  // Adds to what is told of this replica.
  virtual void add_info(wire::Json& info) const = 0;
  // The process is about to end: takes nothing new, and calls `done` once, at once or later, when
  // what is under way is finished.
  virtual void drain(UniqueFunction<void()> done) = 0;
};

}  // namespace tandem::store

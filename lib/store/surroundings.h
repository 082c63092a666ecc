// What the services and the fronts of the toy store need of the process around them beside timers
// (base/timers.h): the way back of an answer, the way to another group. lib/storehost has them of
// rpc and lib/group; the simulator has its own.
//
// Thread: the service's. What is called back is so from the loop, never from inside of a call.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "base/function.h"
#include "base/log.h"
#include "base/result.h"
#include "base/timers.h"
#include "wire/envelope.h"

namespace tandem::store {

// The right, and the duty, to answer one request, once. Dropped without an answer it tells that the
// outcome is unknown; answering after whoever asked has gone does nothing.
class Reply {
 public:
  virtual ~Reply() = default;
  // `index`: of the log, that the answer reflects.
  virtual void answer(uint16_t status, uint64_t index, std::string_view body) = 0;
  virtual void fail(const Error& error) = 0;
  // For a method that this replica does not have.
  virtual void refuse_method() = 0;
};
using ReplyHandle = std::unique_ptr<Reply>;

// The way to the replicas of a group: tries again, with the same key, until it has an answer or its
// time is over.
class Gateway {
 public:
  using Done = UniqueFunction<void(const wire::Response&)>;

  virtual ~Gateway() = default;
  // Calls done exactly once, at once or later, within request.budget_ms (0: the configured limit).
  // What the request points to is copied. The views of the response are gone when `done` returns.
  // 503: nothing was done; 504: the outcome is unknown.
  virtual void submit(const wire::Request& request, Done done) = 0;
  // Whether a write would have somebody to go to now; a hint.
  virtual bool reaches_leader() const = 0;
};

// Who runs the process, and reads its log.
class Operator {
 public:
  virtual ~Operator() = default;
  virtual void tell(log::Level level, std::string_view text,
                    std::initializer_list<log::Field> fields) = 0;
};

}  // namespace tandem::store

// A line at debug level for each finished request, with the id that its client or an earlier
// process gave it. Costs one comparison where debug is off.
#pragma once

#include "http/observer.h"

namespace tandem::daemon {

class AccessLog final : public http::Observer {
 public:
  // `next` is told after the line is written, and outlives this.
  explicit AccessLog(http::Observer& next) : next_(next) {}

  void on_finished(const http::Finished& finished) override;

 private:
  http::Observer& next_;
};

}  // namespace tandem::daemon

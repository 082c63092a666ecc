// A line for each finished request, with the id that its client or an earlier process gave it: at
// debug level, but at info for those that failed or were slow (log::is_worth_telling) once a
// handler had them. Health requests are asked for often and tell nothing new.
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

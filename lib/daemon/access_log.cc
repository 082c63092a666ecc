#include "daemon/access_log.h"

#include "base/log.h"

namespace tandem::daemon {

void AccessLog::on_finished(const http::Finished& finished) {
  if (log::enabled(log::Level::kDebug)) {
    log::debug("request", {{"method", http::method_name(finished.method)},
                           {"target", finished.target},
                           {"status", finished.status},
                           {"us", finished.duration_ns / 1000},
                           {"bytes", finished.bytes},
                           {"request_id", finished.request_id}});
  }
  next_.on_finished(finished);
}

}  // namespace tandem::daemon

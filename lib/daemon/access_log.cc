#include "daemon/access_log.h"

#include <vector>

#include "base/log.h"
#include "http/health.h"

namespace tandem::daemon {

void AccessLog::on_finished(const http::Finished& finished) {
  const bool told = finished.route != nullptr && !http::is_health_pattern(finished.pattern) &&
                    log::is_worth_telling(finished.status, finished.duration_ns);
  const log::Level level = told ? log::Level::kInfo : log::Level::kDebug;
  if (log::enabled(level)) {
    std::vector<log::Field> fields = {{"method", http::method_name(finished.method)},
                                      {"target", finished.target},
                                      {"status", finished.status},
                                      {"us", finished.duration_ns / 1000},
                                      {"bytes", finished.bytes},
                                      {"request_id", finished.request_id}};
    if (!finished.trace_id.empty()) fields.emplace_back("trace_id", finished.trace_id);
    log::write(level, "request", fields);
  }
  next_.on_finished(finished);
}

}  // namespace tandem::daemon

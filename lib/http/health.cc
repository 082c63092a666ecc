#include "http/health.h"

#include <utility>

namespace tandem::http {
namespace {

constexpr std::string_view kOk = R"({"status":"ok"})";
constexpr std::string_view kMetricsType = "text/plain; version=0.0.4";

void answer_ready(Responder responder, const Status& ready) {
  if (ready) {
    responder.json(200, kOk);
  } else {
    responder.error(503, ready.error().message);
  }
}

}  // namespace

void add_health_routes(Router& router, HealthSource& source) {
  for (const char* path : {"/livez", "/healthz"}) {
    router.add(Method::kGet, path, [](const Request&, Responder out) { out.json(200, kOk); });
  }
  router.add(Method::kGet, "/readyz", [&source](const Request&, Responder out) {
    if (!source.check_ready) return out.json(200, kOk);
    source.check_ready([responder = std::move(out)](Status ready) mutable {
      answer_ready(std::move(responder), ready);
    });
  });
  router.add(Method::kGet, "/metrics", [&source](const Request&, Responder out) {
    if (!source.write_metrics) return out.text(200, kMetricsType, "");
    source.write_metrics([responder = std::move(out)](std::string_view text) mutable {
      responder.text(200, kMetricsType, text);
    });
  });
}

bool is_health_pattern(std::string_view pattern) {
  return pattern == "/livez" || pattern == "/healthz" || pattern == "/readyz" ||
         pattern == "/metrics";
}

}  // namespace tandem::http

#include "http/health.h"

#include <memory>
#include <utility>

#include "http/strict.h"
#include "wire/error_body.h"
#include "wire/json.h"

namespace tandem::http {
namespace {

constexpr std::string_view kOk = R"({"status":"ok"})";
constexpr std::string_view kMetricsType = "text/plain; version=0.0.4";

// One question under way. Shared by the completions of its checks; the last one to go answers.
class Readiness {
 public:
  Readiness(HealthSource& source, Status self, bool verbose, Responder responder)
      : source_(source),
        self_(std::move(self)),
        verbose_(verbose),
        responder_(std::move(responder)),
        told_(source.dependencies.size(), "it does not answer") {}
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  ~Readiness() {
    const std::string why = reason();
    std::string body = why.empty() ? std::string(kOk) : wire::error_body(503, why);
    const std::string warning = why.empty() && source_.warn ? source_.warn() : std::string();
    if (!warning.empty()) add_member(body, "warning", warning);
    if (verbose_) add_member(body, "dependencies", dependencies());
    if (why.empty()) {
      responder_.json(200, body);
    } else {
      responder_.json(503, body, {{"Retry-After", "1"}});
    }
  }

  void tell(size_t dependency, const Status& ready) {
    told_[dependency] = ready ? "" : ready.error().message;
  }

 private:
  // A start that does not end has a reason too.
  std::string reason() const {
    std::string why = self_ ? "" : self_.error().message;
    for (const std::string& told : told_) {
      if (!told.empty()) return why.empty() ? told : why + ": " + told;
    }
    return why;
  }

  static void add_member(std::string& body, const std::string& key, const wire::Json& value) {
    body.back() = ',';
    body += '"' + key + "\":" + value.dump() + '}';
  }

  wire::Json dependencies() const {
    wire::Json dependencies = wire::Json::Object{};
    for (size_t i = 0; i < told_.size(); ++i) {
      dependencies.set(source_.dependencies[i].name, told_[i].empty() ? "ok" : told_[i]);
    }
    return dependencies;
  }

  HealthSource& source_;
  const Status self_;
  const bool verbose_;
  Responder responder_;
  std::vector<std::string> told_;  // "" where it is ready
};

void answer_ready(HealthSource& source, const Request& request, Responder responder) {
  const auto readiness =
      std::make_shared<Readiness>(source, source.check_self ? source.check_self() : Status(),
                                  request.query_value("verbose").has_value(), std::move(responder));
  for (size_t i = 0; i < source.dependencies.size(); ++i) {
    source.dependencies[i].check(
        [readiness, i](const Status& ready) { readiness->tell(i, ready); });
  }
}

}  // namespace

void add_health_routes(Router& router, HealthSource& source) {
  for (const char* path : {"/livez", "/healthz"}) {
    router.add(Method::kGet, path,
               strictly({}, [](const Request&, Responder out) { out.json(200, kOk); }));
  }
  router.add(Method::kGet, "/readyz",
             strictly({{}, "verbose"}, [&source](const Request& request, Responder out) {
               answer_ready(source, request, std::move(out));
             }));
  router.add(Method::kGet, "/metrics", strictly({}, [&source](const Request&, Responder out) {
               if (!source.write_metrics) return out.text(200, kMetricsType, "");
               source.write_metrics([responder = std::move(out)](std::string_view text) mutable {
                 responder.text(200, kMetricsType, text);
               });
             }));
}

bool is_health_pattern(std::string_view pattern) {
  return pattern == "/livez" || pattern == "/healthz" || pattern == "/readyz" ||
         pattern == "/metrics";
}

}  // namespace tandem::http

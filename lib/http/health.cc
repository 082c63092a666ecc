#include "http/health.h"

#include <memory>
#include <utility>

#include "base/remedy.h"
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
  // Why it is not ready, or ""; and the same of each dependency.
  using Done = UniqueFunction<void(const std::string& why, const std::vector<std::string>& told)>;

  Readiness(HealthSource& source, Done done)
      : self_(source.check_self ? source.check_self() : Status()),
        done_(std::move(done)),
        told_(source.dependencies.size(), "it does not answer") {}
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;
  ~Readiness() { done_(reason(), told_); }

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

  const Status self_;
  Done done_;
  std::vector<std::string> told_;  // "" where it is ready
};

void ask(HealthSource& source, Readiness::Done done) {
  const auto readiness = std::make_shared<Readiness>(source, std::move(done));
  for (size_t i = 0; i < source.dependencies.size(); ++i) {
    source.dependencies[i].check(
        [readiness, i](const Status& ready) { readiness->tell(i, ready); });
  }
}

void add_member(std::string& body, const std::string& key, const wire::Json& value) {
  body.back() = ',';
  body += '"' + key + "\":" + value.dump() + '}';
}

wire::Json dependencies_of(const HealthSource& source, const std::vector<std::string>& told) {
  wire::Json dependencies = wire::Json::Object{};
  for (size_t i = 0; i < told.size(); ++i) {
    dependencies.set(source.dependencies[i].name, told[i].empty() ? "ok" : told[i]);
  }
  return dependencies;
}

void answer_ready(HealthSource& source, const Request& request, Responder responder) {
  const bool verbose = request.query_value("verbose").has_value();
  ask(source, [&source, verbose, responder = std::move(responder)](
                  const std::string& why, const std::vector<std::string>& told) mutable {
    std::string body = why.empty() ? std::string(kOk) : wire::error_body(503, why);
    const std::string remedy = remedy_in(why);
    if (!remedy.empty()) add_member(body, "remedy", remedy);
    const std::string warning = why.empty() && source.warn ? source.warn() : std::string();
    if (!warning.empty()) add_member(body, "warning", warning);
    if (verbose) add_member(body, "dependencies", dependencies_of(source, told));
    if (why.empty()) {
      responder.json(200, body);
    } else {
      responder.json(503, body, {{"Retry-After", "1"}});
    }
  });
}

}  // namespace

void check_ready(HealthSource& source, ReadyAnswer answer) {
  ask(source, [answer = std::move(answer)](const std::string& why,
                                           const std::vector<std::string>&) mutable {
    answer(why.empty() ? Status() : fail(ErrorKind::kUnavailable, why));
  });
}

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

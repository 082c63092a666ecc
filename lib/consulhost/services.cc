#include "consulhost/services.h"

#include <utility>

#include "base/log.h"
#include "fetch/url.h"
#include "wire/json.h"
#include "wire/utf8.h"

namespace tandem::consulhost {
namespace {

constexpr uint64_t kLookMs = 500;
constexpr uint64_t kPassMs = 5000;
constexpr uint64_t kLeaveMs = 1000;
constexpr const char* kTtl = "15s";
constexpr const char* kInterval = "5s";
constexpr const char* kTimeout = "2s";
constexpr size_t kMaxOutputBytes = 1000;
constexpr size_t kMaxReasonBytes = 200;

std::string ttl_check(const Service& service) { return service.id + ":ttl"; }

std::string_view state_of(const Status& ready) { return ready ? "passing" : "warning"; }

// Names of hosts and paths may hold any bytes.
wire::Json text(const std::string& bytes) {
  if (wire::is_utf8(bytes)) return bytes;
  std::string plain = bytes;
  for (char& c : plain) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return plain;
}

wire::Json checks_of(const Service& service, const Status& ready) {
  wire::Json::Array checks;
  wire::Json ttl;
  ttl.set("CheckID", text(ttl_check(service))).set("Name", "what the process says of itself");
  // Critical until it is passed, right after: an agent tells the catalog of other words within the
  // same state minutes later.
  ttl.set("TTL", kTtl);
  // Of this check alone: the other one is critical as well where the process is not ready.
  ttl.set("DeregisterCriticalServiceAfter", std::to_string(service.deregister_after_ms) + "ms");
  checks.push_back(std::move(ttl));
  if (!service.ready_url.empty()) {
    wire::Json http;
    http.set("CheckID", text(service.id + ":http")).set("Name", "GET /readyz");
    http.set("HTTP", service.ready_url).set("Interval", kInterval).set("Timeout", kTimeout);
    http.set("Status", state_of(ready));  // until it is asked first
    if (!service.ready_host.empty()) {
      http.set("Header", wire::Json().set("Host", wire::Json::Array{text(service.ready_host)}));
    }
    checks.push_back(std::move(http));
  }
  return checks;
}

std::string entry_of(const Service& service, const Status& ready) {
  wire::Json entry;
  entry.set("Name", text(service.name)).set("ID", text(service.id));
  entry.set("Address", text(service.address)).set("Port", static_cast<int64_t>(service.port));
  wire::Json::Array tags;
  for (const std::string& tag : service.tags) tags.push_back(text(tag));
  entry.set("Tags", std::move(tags));
  wire::Json meta = wire::Json::Object{};
  for (const auto& [key, value] : service.meta) meta.set(key, text(value));
  entry.set("Meta", std::move(meta)).set("Checks", checks_of(service, ready));
  return entry.dump();
}

std::string refusal(const consul::Answer& answer) {
  std::string said = answer.body.substr(0, answer.body.find('\n'));
  if (!wire::is_utf8(said)) said.clear();
  return "it answers " + std::to_string(answer.status) + (said.empty() ? "" : ": ") +
         wire::shortened(said, kMaxReasonBytes);
}

}  // namespace

Services::Services(consul::Transport& transport, Time time, Describe describe, Ready ready)
    : transport_(transport),
      describe_(std::move(describe)),
      ready_(std::move(ready)),
      looks_(time.timers.make([this] { look(); })),
      passes_(time.timers.make([this] { tell(); })),
      leaving_ends_(time.timers.make([this] { left(); })),
      self_(*this) {}

Services::~Services() {
  if (sending_) transport_.cancel(*sending_);
}

void Services::start() {
  passes_->start(0, kPassMs);
  looks_->start(kLookMs, kLookMs);
}

void Services::look() {
  if (entered_ && describe_() != *entered_) tell();
}

void Services::tell() {
  if (telling_) return;
  telling_ = true;
  enters_anew_ = false;
  ready_([self = self_.ref()](const Status& ready) {
    if (self && !self->stopping_) self->told_ready(ready);
  });
}

void Services::told_ready(const Status& ready) {
  service_ = describe_();
  if (entered_ == service_) {
    pass(ready);
  } else {
    enter(ready);
  }
}

// What the agent has of an earlier life of this process, or of an earlier role, is replaced.
void Services::enter(const Status& ready) {
  may_be_there_ = true;
  entered_.reset();
  put("/v1/agent/service/register?replace-existing-checks=true", entry_of(service_, ready),
      [this, ready](const Result<consul::Answer>& answer) { entered(ready, answer); });
}

void Services::entered(const Status& ready, const Result<consul::Answer>& answer) {
  if (!answer) return trouble(answer.error().message);
  if (answer->status != 200) return trouble(refusal(*answer));
  entered_ = service_;
  pass(ready);
}

void Services::pass(const Status& ready) {
  wire::Json body;
  body.set("Status", state_of(ready));
  body.set(
      "Output",
      ready ? "ready" : wire::shortened(*text(ready.error().message).as_string(), kMaxOutputBytes));
  put("/v1/agent/check/update/" + fetch::percent_encode(ttl_check(service_)), body.dump(),
      [this, ready](const Result<consul::Answer>& answer) { passed(ready, answer); });
}

// 500 (404 of later versions) says that the agent has no such check: it has lost its data, or is
// another one. Whatever else it may be is seen where it is told again.
void Services::passed(const Status& ready, const Result<consul::Answer>& answer) {
  if (!answer) return trouble(answer.error().message);
  if (answer->status == 200) return well();
  if ((answer->status == 500 || answer->status == 404) && !enters_anew_) {
    enters_anew_ = true;
    return enter(ready);
  }
  trouble(refusal(*answer));
}

void Services::put(std::string target, std::string body, consul::Transport::Done done) {
  sending_ =
      transport_.send({.method = "PUT", .target = std::move(target), .body = std::move(body)},
                      [this, done = std::move(done)](Result<consul::Answer> answer) mutable {
                        sending_.reset();
                        done(std::move(answer));
                      });
}

void Services::trouble(const std::string& why) {
  telling_ = false;
  entered_.reset();
  if (last_ == Last::kTrouble) return;
  last_ = Last::kTrouble;
  log::warning("cannot register with Consul: tried again, nothing here waits for it",
               {{"agent", transport_.agent()}, {"error", why}});
}

void Services::well() {
  telling_ = false;
  if (last_ == Last::kWell && !enters_anew_) return;
  log::info("registered with Consul", {{"agent", transport_.agent()}, {"service", service_.id}});
  last_ = Last::kWell;
}

void Services::stop(UniqueFunction<void()> done) {
  looks_->stop();
  passes_->stop();
  stopping_ = true;
  left_ = std::move(done);
  if (sending_) transport_.cancel(*sending_);
  sending_.reset();
  if (!may_be_there_) return left();
  leaving_ends_->start(kLeaveMs, 0);
  sending_ = transport_.send(
      {.method = "PUT",
       .target = "/v1/agent/service/deregister/" + fetch::percent_encode(service_.id),
       .timeout_ms = kLeaveMs},
      [this](const Result<consul::Answer>&) {
        sending_.reset();
        left();
      });
}

void Services::left() {
  leaving_ends_->stop();
  if (sending_) transport_.cancel(*sending_);
  sending_.reset();
  UniqueFunction<void()> done = std::move(left_);
  done();
}

}  // namespace tandem::consulhost

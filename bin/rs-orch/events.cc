#include "events.h"

#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/number.h"
#include "wire/log_fields.h"

namespace tandem::orch {
namespace {

constexpr size_t kKeep = 512;
constexpr uint64_t kHeartbeatMs = 15'000;  // proxies drop a connection that says nothing for long

// 0: none. To browsers an id is any text: what is no number this service has not given out, and
// they would not come back to a stream that is refused.
uint64_t last_event_id(const http::Request& request) {
  const auto text = request.header("Last-Event-ID");
  return text ? parse_number<uint64_t>(*text).value_or(0) : 0;
}

}  // namespace

wire::Json worker_fields(uint32_t id, int64_t pid) {
  wire::Json fields;
  fields.set("worker", static_cast<int64_t>(id));
  if (pid != 0) fields.set("pid", pid);
  return fields;
}

Events::Events(loop::Loop& loop)
    : last_id_(static_cast<uint64_t>(system_clock().wall_ms())), heartbeat_(loop, [this] {
        listeners_.remove_if([](Listener& l) { return !l.stream.write(": still here\n\n"); });
      }) {
  heartbeat_.start(kHeartbeatMs, kHeartbeatMs);
  heartbeat_.unref();
}

void Events::tell(std::string_view kind, std::string_view reason, const wire::Json& fields) {
  wire::Json json;
  json.set("time_ms", system_clock().wall_ms());
  json.set("event", kind);
  json.set("reason", reason);
  if (const auto* members = fields.as_object()) {
    for (const auto& [name, value] : *members) json.set(name, value);
  }
  log::write(log::Level::kInfo, std::string(kind) + ": " + std::string(reason),
             wire::log_fields(fields));
  const std::string data = json.dump();
  Event event;
  event.id = ++last_id_;
  event.text = "id: " + std::to_string(event.id) + "\nevent: " + std::string(kind) +
               "\ndata: " + data + "\n\n";
  listeners_.remove_if([&](Listener& l) { return !l.stream.write(event.text); });
  recent_.push_back(std::move(event));
  if (recent_.size() > kKeep) recent_.pop_front();
}

void Events::stream(const http::Request& request, http::Responder responder) {
  const uint64_t last = last_event_id(request);
  // One that this life has not given out is of a life with a clock that was ahead: that client has
  // seen none of these.
  const uint64_t after = last > last_id_ ? 0 : last;
  http::EventStream stream = responder.stream("text/event-stream", {{"Cache-Control", "no-store"}});
  std::string backlog = ": events of the database service\n\n";
  for (const Event& event : recent_) {
    if (event.id > after) backlog += event.text;
  }
  if (stream.write(backlog)) listeners_.push_back(Listener{std::move(stream)});
}

}  // namespace tandem::orch

#include "events/journal.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/number.h"
#include "wire/log_fields.h"

namespace tandem::events {
namespace {

constexpr size_t kKeptBytes = 4 << 20;
constexpr size_t kFirst = 512;             // for who knows nothing yet
constexpr size_t kPieceBytes = 64 << 10;   // until the kernel has taken it
constexpr uint64_t kHeartbeatMs = 15'000;  // proxies drop a connection that says nothing for long
constexpr uint64_t kSampleMs = 1000;
constexpr size_t kListed = 1000;
constexpr size_t kMostListed = 100'000;

// nullopt: none. To browsers an id is any text: what is no number this service has not given out,
// and they would not come back to a stream that is refused.
std::optional<uint64_t> last_event_id(const http::Request& request) {
  const auto text = request.header("Last-Event-ID");
  if (!text) return std::nullopt;
  return parse_number<uint64_t>(*text).value_or(0);
}

std::string text_of(const wire::Json& json, std::string_view name) {
  const wire::Json* value = json.find(name);
  const std::string* text = value == nullptr ? nullptr : value->as_string();
  return text == nullptr ? std::string() : *text;
}

}  // namespace

Journal::Journal(loop::Loop& loop)
    : heartbeat_(loop,
                 [this] {
                   for (Listener& l : listeners_) l.stream.write(": still here\n\n");
                   drop_gone();
                 }),
      sampler_(loop, [this] { take_sample(); }) {
  heartbeat_.start(kHeartbeatMs, kHeartbeatMs);
  heartbeat_.unref();
}

void Journal::keep_in(const std::string& directory) {
  directory_ = directory;
  auto opened = History::open(directory);
  if (!opened) {
    log::warning("events are not kept on disk", {{"error", opened.error().message}});
    return;
  }
  history_ = std::move(*opened);
  for (History::Line& line : history_->read()) {
    const wire::Json* time = line.json.find("time_ms");
    const int64_t* time_ms = time == nullptr ? nullptr : time->as_int();
    last_id_ = line.id;
    keep({line.id, time_ms == nullptr ? 0 : *time_ms, text_of(line.json, "event"),
          line.json.dump()});
  }
}

void Journal::tell(std::string_view kind, std::string_view reason, const wire::Json& fields) {
  const int64_t now_ms = system_clock().wall_ms();
  last_id_ = std::max(last_id_ + 1, static_cast<uint64_t>(now_ms));
  wire::Json json;
  json.set("id", static_cast<int64_t>(last_id_));
  json.set("time_ms", now_ms);
  json.set("event", kind);
  json.set("reason", reason);
  if (const auto* members = fields.as_object()) {
    for (const auto& [name, value] : *members) json.set(name, value);
  }
  log::write(kind == "trouble" ? log::Level::kError : log::Level::kInfo,
             std::string(kind) + ": " + std::string(reason), wire::log_fields(fields));
  Event event{last_id_, now_ms, std::string(kind), json.dump()};
  write_down(event);
  keep(std::move(event));
  for (Listener& listener : listeners_) go_on(listener);
  drop_gone();
}

bool Journal::knows(std::string_view kind, std::string_view member, std::string_view text) const {
  return std::any_of(kept_.begin(), kept_.end(), [&](const Event& event) {
    if (event.kind != kind) return false;
    const auto json = wire::parse_json(event.data);
    return json && text_of(*json, member) == text;
  });
}

void Journal::keep(Event event) {
  kept_bytes_ += event.data.size();
  kept_.push_back(std::move(event));
  while (kept_bytes_ > kKeptBytes) {
    kept_bytes_ -= kept_.front().data.size();
    kept_.pop_front();
  }
}

void Journal::write_down(const Event& event) {
  if (!history_) return;
  if (history_->is_gone()) {
    log::warning("the events that were kept are removed", {{"directory", directory_}});
    history_.reset();  // with its lock
    auto anew = History::open(directory_);
    if (!anew) {
      log::warning("events are not kept on disk", {{"error", anew.error().message}});
      return;
    }
    history_ = std::move(*anew);
  }
  const Status written = history_->append(event.id, event.data);
  if (std::exchange(disk_failed_, !written) == !written) return;
  if (written) {
    log::info("events are kept on disk again");
  } else {
    log::warning("events are not kept on disk", {{"error", written.error().message}});
  }
}

// Sends what the listener has not been sent yet; where that is much, the rest once the kernel has
// taken it.
void Journal::go_on(Listener& listener) {
  auto next = std::upper_bound(kept_.begin(), kept_.end(), listener.told,
                               [](uint64_t id, const Event& event) { return id < event.id; });
  std::string text;
  for (; next != kept_.end() && text.size() < kPieceBytes; ++next) {
    text += "id: " + std::to_string(next->id) + "\nevent: " + next->kind + "\ndata: " + next->data +
            "\n\n";
    listener.told = next->id;
  }
  if (!text.empty()) listener.stream.write(text);
}

void Journal::drop_gone() {
  listeners_.remove_if([](const Listener& listener) { return !listener.stream.open(); });
  if (listeners_.empty()) sampler_.stop();
}

void Journal::stream(const http::Request& request, http::Responder responder) {
  const auto last = last_event_id(request);
  Listener& listener = listeners_.emplace_back();
  // One of the future is of a clock that was ahead: that client has seen none of these.
  const auto now_ms = static_cast<uint64_t>(system_clock().wall_ms());
  if (last) listener.told = *last > std::max(last_id_, now_ms) ? 0 : *last;
  if (!last && kept_.size() > kFirst) listener.told = kept_[kept_.size() - kFirst - 1].id;
  listener.samples = request.query_value("samples") != "0";
  listener.stream = responder.stream("text/event-stream", {{"Cache-Control", "no-store"}});
  listener.stream.on_taken([this, &listener] { go_on(listener); });
  if (!listener.stream.write(": events of this service\n\n")) return drop_gone();
  go_on(listener);
  if (sample_ && !sampler_.active()) sampler_.start(1, kSampleMs);
}

void Journal::take_sample() {
  drop_gone();
  const bool wanted = std::any_of(listeners_.begin(), listeners_.end(),
                                  [](const Listener& listener) { return listener.samples; });
  if (!wanted || std::exchange(sampling_, true)) return;
  sample_([self = self_.ref()](const wire::Json& sample) {
    if (!self) return;
    self->sampling_ = false;
    self->send_sample(sample);
  });
}

void Journal::send_sample(const wire::Json& sample) {
  const std::string text = "event: sample\ndata: " + sample.dump() + "\n\n";
  for (Listener& listener : listeners_) {
    if (listener.samples) listener.stream.write(text);
  }
  drop_gone();
}

void Journal::list(const http::Request& request, http::Responder responder) const {
  const auto since_text = request.query_value("since");
  const auto limit_text = request.query_value("limit");
  const auto since = parse_number<int64_t>(since_text.value_or("0"));
  const auto limit = parse_number<size_t>(limit_text.value_or(std::to_string(kListed)));
  if (!since) return responder.error(400, "since is to be a time in ms since 1970");
  if (!limit || *limit == 0 || *limit > kMostListed) {
    return responder.error(400, "limit is to be 1 to " + std::to_string(kMostListed));
  }
  auto first = std::find_if(kept_.begin(), kept_.end(),
                            [&](const Event& event) { return event.time_ms > *since; });
  const auto behind = static_cast<size_t>(kept_.end() - first);
  if (behind > *limit) first += static_cast<std::ptrdiff_t>(behind - *limit);
  std::string body = "[";
  for (; first != kept_.end(); ++first) {
    if (body.size() > 1) body += ',';
    body += first->data;
  }
  responder.json(200, body + "]");
}

void Journal::close() {
  listeners_.clear();
  sampler_.stop();
}

}  // namespace tandem::events

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/number.h"
#include "commands.h"
#include "event_parser.h"
#include "session.h"

namespace tandem::client {
namespace {

// The service sends a comment every 15 s; a connection that says less is taken for dead.
constexpr uint64_t kSilenceMs = 45'000;
constexpr uint64_t kReaderCheckMs = 500;
constexpr uint64_t kFirstPauseMs = 100;
constexpr uint64_t kMaxPauseMs = 2'000;
constexpr size_t kMaxEventBytes = 1 << 20;

int64_t now_ms() { return system_clock().boot_ns() / 1'000'000; }

// Follows the stream of events, over as many connections as it takes. It gives up only where it
// has never been connected within the time of a request, or where the service refuses.
class Watch {
 public:
  Watch(Session& session, std::string after, uint64_t count)
      : session_(session),
        left_(count),
        reconnect_(session.loop, [this] { connect(); }),
        silence_(session.loop, [this] { on_silence(); }),
        reader_(session.loop, [this] { session_.output.end_where_reader_left(); }) {
    events_.set_last_id(std::move(after));
  }

  ExitStatus run() {
    begun_ms_ = now_ms();
    reader_.start(kReaderCheckMs, kReaderCheckMs);
    connect();
    session_.loop.run();
    session_.output.flush();
    return status_;
  }

 private:
  void connect() {
    events_.restart();
    fetch::Request request;
    request.url = session_.settings.orch_url + "/api/v1/events?samples=0";
    request.headers = {"Accept: text/event-stream"};
    if (!events_.last_id().empty()) {
      request.headers.push_back("Last-Event-ID: " + events_.last_id());
    }
    request.on_body = [this](std::string_view bytes) { on_bytes(bytes); };
    fetch_id_ = session_.follow(
        std::move(request), [this](Result<fetch::Answer> answer) { on_end(std::move(answer)); });
    silence_.start(kSilenceMs);
  }

  void on_bytes(std::string_view bytes) {
    silence_.start(kSilenceMs);
    connected_ = true;
    told_ = false;
    pause_ms_ = kFirstPauseMs;
    events_.feed(bytes);
    while (left_ > 0) {
      const std::optional<Event> event = events_.next();
      if (!event) break;
      print(*event);
      if (--left_ == 0) session_.loop.stop();
    }
    // One at a time, as they happen.
    session_.output.flush();
    if (events_.pending_bytes() > kMaxEventBytes) events_.restart();
  }

  void print(const Event& event) {
    wire::Json row;
    row.set("id", event.id);
    const auto data = wire::parse_json(event.data);
    if (data && data->as_object() != nullptr) {
      for (const auto& [name, value] : *data->as_object()) {
        if (name != "id") row.set(name, value);
      }
    } else {
      row.set("event", event.name);
      row.set("data", event.data);
    }
    session_.output.write_json(row.dump());
  }

  void on_end(Result<fetch::Answer> answer) {
    silence_.stop();
    if (answer && answer->status != 200 && answer->status != 503) {
      return stop(judge(std::move(*answer), "none").error());
    }
    Error why = answer
                    ? Error{ErrorKind::kUnavailable, "the stream of events ended"}
                    : session_.caller.with_origin(answer.error(), session_.settings.orch_url + "/");
    if (!connected_ && now_ms() - begun_ms_ >= session_.settings.timeout_ms) return stop(why);
    if (connected_ && !told_) session_.console.say(why.message + "; connecting again");
    told_ = true;
    reconnect_.start(pause_ms_);
    pause_ms_ = std::min(2 * pause_ms_, kMaxPauseMs);
  }

  void on_silence() {
    session_.fetcher.cancel(fetch_id_);
    on_end(fail(ErrorKind::kTimeout, "nothing was heard for a long time"));
  }

  void stop(const Error& error) {
    status_ = session_.report(error);
    session_.loop.stop();
  }

  Session& session_;
  EventParser events_;
  uint64_t left_;
  loop::Timer reconnect_;
  loop::Timer silence_;
  loop::Timer reader_;
  uint64_t fetch_id_ = 0;
  uint64_t pause_ms_ = kFirstPauseMs;
  int64_t begun_ms_ = 0;
  bool connected_ = false;  // once
  bool told_ = false;       // that this outage began
  ExitStatus status_ = ExitStatus::kOk;
};

// Digits, or what stands for an option that was not given.
Result<uint64_t> number(const Arguments& arguments, const char* option, uint64_t otherwise) {
  const std::string* text = arguments.line.value(option);
  if (text == nullptr) return otherwise;
  if (const auto value = parse_number<uint64_t>(*text)) return *value;
  return fail(ErrorKind::kUsage, "'--" + std::string(option) + " " + *text + "' is no number");
}

}  // namespace

ExitStatus watch_events(Session& session, const Arguments& arguments) {
  const auto count = number(arguments, "count", UINT64_MAX);
  if (!count) return session.report(count.error());
  const auto after = number(arguments, "after", 0);
  if (!after) return session.report(after.error());
  if (*count == 0) return ExitStatus::kOk;
  Watch watch(session, arguments.value("after"), *count);
  return watch.run();
}

}  // namespace tandem::client

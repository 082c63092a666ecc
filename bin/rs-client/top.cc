// top: what status shows, on the whole screen, again and again; off a terminal it is status.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "commands.h"
#include "daemon/setting_value.h"
#include "look.h"
#include "session.h"
#include "terminal.h"
#include "top_view.h"

namespace tandem::client {
namespace {

using wire::Json;

constexpr int64_t kIntervalMs = 1000;
constexpr int64_t kShortestMs = 100;
constexpr int64_t kLookMs = 1500;
constexpr size_t kEvents = 20;  // of each service

class Top {
 public:
  Top(Session& session, Applications applications, uint64_t interval_ms)
      : session_(session),
        applications_(applications),
        interval_ms_(interval_ms),
        next_(session.loop, [this] { begin(); }),
        terminal_(
            session.loop, [this](char key) { on_key(key); }, [this] { draw(); }) {}

  ExitStatus run() {
    begin();
    session_.loop.run();
    return now_ ? exit_status_of(now_->seen) : ExitStatus::kOk;
  }

 private:
  // One look, and the next one when it is time and this one is over.
  void begin() {
    if (looking_ > 0) return;
    next_.start(interval_ms_);
    coming_ = {};
    coming_.at_ms = system_clock().wall_ms();
    looking_ = 1;
    if (applications_.rideshare) ask_events(session_.settings.orch_url + "/api/v1/events/history");
    if (applications_.toystore) ask_events(session_.settings.store_url + "/events/history");
    look(session_.fetcher, session_.settings, applications_, kLookMs,
         [this](std::vector<Seen> seen) {
           coming_.seen = std::move(seen);
           ended();
         });
  }

  void ask_events(const std::string& url) {
    fetch::Request request;
    request.url = url + "?limit=" + std::to_string(kEvents);
    request.timeout_ms = kLookMs;
    const auto begun =
        session_.fetcher.fetch(std::move(request), [this](const Result<fetch::Answer>& answer) {
          auto json = answer && answer->status == 200 ? wire::parse_json(answer->body)
                                                      : Result<Json>(Json());
          if (json && json->as_array() != nullptr) {
            for (Json& event : *json->as_array()) coming_.events.push_back(std::move(event));
          }
          ended();
        });
    if (begun) ++looking_;
  }

  void ended() {
    if (--looking_ > 0) return;
    std::stable_sort(coming_.events.begin(), coming_.events.end(),
                     [](const Json& a, const Json& b) {
                       return number_of(a, "time_ms") < number_of(b, "time_ms");
                     });
    if (paused_) return;
    before_ = std::exchange(now_, std::move(coming_));
    draw();
  }

  void draw() {
    const TopScreen size = terminal_.size();
    if (now_) {
      terminal_.draw(top_lines(*now_, before_ ? &*before_ : nullptr, size, paused_));
    } else {
      std::vector<TopLine> lines(size.rows);
      lines[0].text = fitted("looking", size.columns);
      terminal_.draw(lines);
    }
  }

  void on_key(char key) {
    if (key == 'q' || key == 'Q') return session_.loop.stop();
    if (key != ' ' && key != 'p') return;
    paused_ = !paused_;
    draw();
    if (!paused_) begin();
  }

  Session& session_;
  const Applications applications_;
  const uint64_t interval_ms_;
  bool paused_ = false;
  int looking_ = 0;  // answers that are waited for
  TopLook coming_;
  std::optional<TopLook> now_;
  std::optional<TopLook> before_;
  loop::Timer next_;
  Terminal terminal_;
};

Result<int64_t> interval_ms(const Arguments& arguments) {
  const std::string* text = arguments.line.value("interval");
  if (text == nullptr) return kIntervalMs;
  const auto ms = daemon::parse_duration(*text);
  if (ms && *ms >= kShortestMs) return *ms;
  return fail(ErrorKind::kUsage,
              "'--interval " + *text + "' is no time of 100ms or more, such as 2s");
}

}  // namespace

ExitStatus show_top(Session& session, const Arguments& arguments) {
  const auto chosen = chosen_applications(arguments, session.settings);
  if (!chosen) return session.report(chosen.error());
  const auto interval = interval_ms(arguments);
  if (!interval) return session.report(interval.error());
  const bool plain = session.output.format() == Format::kJson || !Terminal::is_there();
  if (plain) return show_status(session, arguments);
  Top top(session, *chosen, static_cast<uint64_t>(*interval));
  return top.run();
}

}  // namespace tandem::client

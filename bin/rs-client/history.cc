#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "applications.h"
#include "base/clock.h"
#include "base/number.h"
#include "commands.h"
#include "daemon/setting_value.h"
#include "look.h"
#include "session.h"
#include "utc_text.h"

namespace tandem::client {
namespace {

using wire::Json;

constexpr uint64_t kListed = 1000;
constexpr uint64_t kMostListed = 100'000;

// For people: when, what, why; what an event has besides is for the json format.
Json row_of(const Json& event) {
  Json row;
  const Json* time = event.find("time_ms");
  const int64_t* time_ms = time == nullptr ? nullptr : time->as_int();
  row.set("time", time_ms == nullptr ? Json() : Json(utc_text_ms(*time_ms)));
  const auto set = [&](const char* name, const Json* value) {
    row.set(name, value == nullptr ? Json() : *value);
  };
  set("event", event.find("event"));
  // Of the store there are two groups, and it starts no process.
  const Json* worker = event.find("worker");
  set("about", worker != nullptr ? worker : event.find("group"));
  set("reason", event.find("reason"));
  return row;
}

Result<int64_t> since_ms(const Arguments& arguments) {
  const std::string* text = arguments.line.value("since");
  if (text == nullptr) return 0;
  const auto ago_ms = daemon::parse_duration(*text);
  if (ago_ms && *ago_ms >= 0) return system_clock().wall_ms() - *ago_ms;
  return fail(ErrorKind::kUsage, "'--since " + *text + "' is no time, such as 10m or 2h");
}

Result<uint64_t> most(const Arguments& arguments) {
  const std::string* text = arguments.line.value("last");
  if (text == nullptr) return kListed;
  const auto number = parse_number<uint64_t>(*text);
  if (number && *number >= 1 && *number <= kMostListed) return *number;
  return fail(ErrorKind::kUsage,
              "'--last " + *text + "' is not a number from 1 to " + std::to_string(kMostListed));
}

}  // namespace

ExitStatus list_history(Session& session, const Arguments& arguments) {
  const auto chosen = chosen_applications(arguments, session.settings);
  if (!chosen) return session.report(chosen.error());
  const auto since = since_ms(arguments);
  if (!since) return session.report(since.error());
  const auto last = most(arguments);
  if (!last) return session.report(last.error());
  const std::string query = "?since=" + std::to_string(*since) + "&limit=" + std::to_string(*last);
  std::vector<std::string> urls;
  if (chosen->rideshare) {
    urls.push_back(session.settings.orch_url + "/api/v1/events/history" + query);
  }
  if (chosen->toystore) urls.push_back(session.settings.store_url + "/events/history" + query);
  Json::Array events;
  for (const std::string& url : urls) {
    const Result<Reply> reply = session.ask(Call{.url = url});
    if (!reply) return session.report(reply.error());
    auto json = wire::parse_json(reply->body);
    if (!json || json->as_array() == nullptr) {
      return session.report(
          no_sense(json ? Error{ErrorKind::kBadInput, "it is no array"} : json.error(), *reply));
    }
    for (Json& event : *json->as_array()) events.push_back(std::move(event));
  }
  std::stable_sort(events.begin(), events.end(), [](const Json& a, const Json& b) {
    return number_of(a, "time_ms") < number_of(b, "time_ms");
  });
  if (events.size() > *last) {
    events.erase(events.begin(), events.end() - static_cast<std::ptrdiff_t>(*last));
  }
  if (session.output.format() != Format::kJson) {
    for (Json& event : events) event = row_of(event);
  }
  session.output.print(Json(std::move(events)));
  return ExitStatus::kOk;
}

}  // namespace tandem::client

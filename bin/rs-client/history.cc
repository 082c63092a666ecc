#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/number.h"
#include "commands.h"
#include "daemon/setting_value.h"
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
  row.set("time", time_ms == nullptr ? Json() : Json(utc_text(*time_ms)));
  for (const char* name : {"event", "worker", "reason"}) {
    const Json* value = event.find(name);
    row.set(name, value == nullptr ? Json() : *value);
  }
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
  const auto since = since_ms(arguments);
  if (!since) return session.report(since.error());
  const auto last = most(arguments);
  if (!last) return session.report(last.error());
  const Result<Reply> reply =
      session.ask(Call{.url = session.settings.orch_url + "/api/v1/events/history?since=" +
                              std::to_string(*since) + "&limit=" + std::to_string(*last)});
  if (!reply) return session.report(reply.error());
  if (session.output.format() == Format::kJson) return session.print(*reply, "[]");
  const auto json = wire::parse_json(reply->body);
  if (!json || json->as_array() == nullptr) return session.print(*reply, "[]");
  Json::Array rows;
  for (const Json& event : *json->as_array()) rows.push_back(row_of(event));
  session.output.print(Json(std::move(rows)));
  return ExitStatus::kOk;
}

}  // namespace tandem::client

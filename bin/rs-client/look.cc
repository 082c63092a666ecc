#include "look.h"

#include <algorithm>
#include <utility>

#include "base/remedy.h"

namespace tandem::client {
namespace {

using wire::Json;

constexpr int kOk = 200;
constexpr int kUnavailable = 503;
constexpr size_t kMostBytes = size_t{16} << 20;  // of an answer
constexpr const char* kNobody = "'tandem up' starts what does not run";

// Shared by the completions of the requests; the last one to go tells.
struct Round {
  std::vector<Seen> seen;
  UniqueFunction<void(std::vector<Seen>)> done;
  ~Round() { done(std::move(seen)); }
};

Seen another(Seen seen) {
  seen.state = Seen::State::kAbsent;
  seen.why = "another service answers there: is this its URL?";
  return seen;
}

Seen absent(Seen seen, const std::string& why) {
  seen.state = Seen::State::kAbsent;
  seen.why = why + ": " + kNobody;
  seen.remedy = remedy_in(seen.why);
  return seen;
}

}  // namespace

std::string text_of(const Json& json, std::string_view name) {
  const Json* value = json.find(name);
  const std::string* text = value == nullptr ? nullptr : value->as_string();
  return text == nullptr ? std::string() : *text;
}

int64_t number_of(const Json& json, std::string_view name) {
  const Json* value = json.find(name);
  const int64_t* number = value == nullptr ? nullptr : value->as_int();
  return number == nullptr ? 0 : *number;
}

bool is_true(const Json& json, std::string_view name) {
  const Json* value = json.find(name);
  const bool* truth = value == nullptr ? nullptr : value->as_bool();
  return truth != nullptr && *truth;
}

const Json::Array& list_of(const Json& json, std::string_view name) {
  static const Json::Array kNone;
  const Json* value = json.find(name);
  const Json::Array* list = value == nullptr ? nullptr : value->as_array();
  return list == nullptr ? kNone : *list;
}

std::string joined(const Json::Array& list) {
  std::string text;
  for (const Json& each : list) text += (text.empty() ? "" : ", ") + each.dump();
  return text;
}

std::string word_of(Seen::State state) {
  return state == Seen::State::kReady      ? "ready"
         : state == Seen::State::kNotReady ? "not ready"
                                           : "not there";
}

Seen judge_service(std::string name, std::string url, const Result<fetch::Answer>& answer) {
  Seen seen{.name = std::move(name), .url = std::move(url)};
  if (!answer) return absent(std::move(seen), answer.error().message);
  auto json = wire::parse_json(answer->body);
  const bool knows = json && (json->find("ready") != nullptr || json->find("status") != nullptr ||
                              json->find("error") != nullptr);
  if (!knows || (answer->status != kOk && answer->status != kUnavailable)) {
    return another(std::move(seen));
  }
  const std::string service = text_of(*json, "service");
  if (!service.empty() && service != seen.name) return another(std::move(seen));
  if (json->find("ready") != nullptr) {
    const bool ready = is_true(*json, "ready");
    seen.state = ready ? Seen::State::kReady : Seen::State::kNotReady;
    seen.why = text_of(*json, ready ? "warning" : "reason");
    seen.remedy = text_of(*json, "remedy");
    seen.status = std::move(*json);
    return seen;
  }
  const bool ready = answer->status == kOk && text_of(*json, "status") == "ok";
  seen.state = ready ? Seen::State::kReady : Seen::State::kNotReady;
  if (ready) {
    seen.why = text_of(*json, "warning");
  } else if (const Json* error = json->find("error")) {
    seen.why = error->as_string() != nullptr ? *error->as_string() : text_of(*error, "message");
  }
  seen.remedy = remedy_in(seen.why);
  return seen;
}

ExitStatus exit_status_of(const std::vector<Seen>& seen) {
  ExitStatus status = ExitStatus::kOk;
  for (const Seen& each : seen) {
    if (each.state == Seen::State::kAbsent) return ExitStatus::kUnavailable;
    if (each.state == Seen::State::kNotReady) status = ExitStatus::kNo;
  }
  return status;
}

namespace {

struct Asked {
  std::string name;
  std::string url;
  std::string path;
  // One whose status does not say who it is: a path of its own, and a method that this allows.
  std::string own_path = {};
  std::string own_method = {};
};

bool is_own(const Asked& asked, const fetch::Answer& answer) {
  const std::string allow = ", " + std::string(answer.header("Allow")) + ",";
  return answer.status == 204 && allow.find(", " + asked.own_method + ",") != std::string::npos;
}

void ask(fetch::Fetcher& fetcher, const std::shared_ptr<Round>& round, size_t place,
         const Asked& asked, int64_t timeout_ms) {
  const bool who = !asked.own_path.empty();
  fetch::Request request;
  request.method = who ? "OPTIONS" : "GET";
  request.url = asked.url + (who ? asked.own_path : asked.path);
  request.timeout_ms = timeout_ms;
  request.connect_timeout_ms = timeout_ms;
  // No service of ours has that much to say; who has is told apart by what is cut off.
  const auto body = std::make_shared<std::string>();
  request.on_body = [body](std::string_view bytes) {
    if (body->size() < kMostBytes) *body += bytes;
  };
  const auto begun = fetcher.fetch(
      std::move(request),
      [&fetcher, round, place, asked, who, timeout_ms, body](Result<fetch::Answer> answer) {
        if (answer && answer->body.empty()) answer->body = std::move(*body);
        if (!who || !answer) {
          round->seen[place] = judge_service(asked.name, asked.url, answer);
          return;
        }
        if (!is_own(asked, *answer)) {
          round->seen[place] = another({.name = asked.name, .url = asked.url});
          return;
        }
        ask(fetcher, round, place, {asked.name, asked.url, asked.path}, timeout_ms);
      });
  if (!begun) round->seen[place] = judge_service(asked.name, asked.url, fail(begun.error()));
}

}  // namespace

void look(fetch::Fetcher& fetcher, const Settings& settings, const Applications& applications,
          int64_t timeout_ms, UniqueFunction<void(std::vector<Seen>)> done) {
  std::vector<Asked> all;
  if (applications.rideshare) {
    all.push_back({"rs-orch", settings.orch_url, "/api/v1/status"});
    all.push_back({"rs-users", settings.users_url, "/readyz", "/api/v1/users", "PUT"});
    all.push_back({"rs-rides", settings.rides_url, "/readyz", "/api/v1/rides", "POST"});
  }
  if (applications.toystore) all.push_back({"ts-front", settings.store_url, "/status"});
  const auto round = std::make_shared<Round>();
  round->done = std::move(done);
  for (const Asked& asked : all) {
    round->seen.push_back(absent({.name = asked.name, .url = asked.url}, "it was not asked"));
  }
  for (size_t place = 0; place < all.size(); ++place) {
    ask(fetcher, round, place, all[place], timeout_ms);
  }
}

}  // namespace tandem::client

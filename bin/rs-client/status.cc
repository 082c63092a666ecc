// status: everything that runs, a line each.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "applications.h"
#include "commands.h"
#include "session.h"

namespace tandem::client {
namespace {

using wire::Json;

// Who does not answer by then is not there: this is a look, not a wait.
constexpr int64_t kLookMs = 1500;

std::string text_of(const Json& json, std::string_view name) {
  const Json* value = json.find(name);
  const std::string* text = value == nullptr ? nullptr : value->as_string();
  return text == nullptr ? std::string() : *text;
}

std::string number_of(const Json& json, std::string_view name) {
  const Json* value = json.find(name);
  return value == nullptr ? std::string() : value->dump();
}

bool is_true(const Json& json, std::string_view name) {
  const Json* value = json.find(name);
  const bool* truth = value == nullptr ? nullptr : value->as_bool();
  return truth != nullptr && *truth;
}

// "1, 2"
std::string list_of(const Json& json, std::string_view name) {
  const Json* value = json.find(name);
  std::string text;
  if (value == nullptr || value->as_array() == nullptr) return text;
  for (const Json& each : *value->as_array()) text += (text.empty() ? "" : ", ") + each.dump();
  return text;
}

// Asks all services at once.
class Look {
 public:
  explicit Look(Session& session) : session_(session) {}

  void service(const std::string& name, const std::string& url) {
    ask(url + "/readyz", [this, name, url](const Result<Reply>& reply) {
      if (!reply) return down(name, url, reply.error());
      const auto json = wire::parse_json(reply->body);
      add(name, url, "ready", json ? text_of(*json, "warning") : std::string());
    });
  }

  void database(const std::string& url) {
    ask(url + "/api/v1/status", [this, url](const Result<Reply>& reply) {
      if (!reply) return down("rs-orch", url, reply.error());
      const auto json = wire::parse_json(reply->body);
      if (!json) return down("rs-orch", url, no_sense(json.error(), *reply));
      take_database(url, *json);
    });
  }

  void store(const std::string& url) {
    service("ts-front", url);
    ask(url + "/replicas", [this](const Result<Reply>& reply) {
      if (!reply) return;  // /readyz says what is wrong
      const auto json = wire::parse_json(reply->body);
      const Json* data = json ? json->find("data") : nullptr;
      if (data == nullptr || data->as_array() == nullptr) return;
      for (const Json& replica : *data->as_array()) take_order(replica);
    });
  }

  ExitStatus run() {
    session_.loop.run();
    std::stable_sort(rows_.begin(), rows_.end(),
                     [](const Row& a, const Row& b) { return a.place < b.place; });
    Json::Array rows;
    for (Row& row : rows_) rows.push_back(std::move(row.json));
    session_.output.print(Json(std::move(rows)));
    return status_;
  }

 private:
  struct Row {
    size_t place = 0;  // as its service was asked
    Json json;
  };

  template <typename Done>
  void ask(std::string url, Done done) {
    ++waiting_;
    const size_t place = ++asked_;
    Call call{.url = std::move(url), .max_pause_ms = kLookMs / 4};
    session_.caller.call(std::move(call), [this, place, done](const Result<Reply>& reply) {
      place_ = place;
      done(reply);
      if (--waiting_ == 0) session_.loop.stop();
    });
  }

  void add(const std::string& name, const std::string& where, const std::string& state,
           const std::string& what) {
    Json json;
    json.set("name", name).set("state", state).set("where", where).set("what", what);
    rows_.push_back({place_, std::move(json)});
  }

  // It does not answer, or says that it is not ready.
  void down(const std::string& name, const std::string& url, const Error& error) {
    const bool answers = error.message.find("status 503") != std::string::npos;
    add(name, url, answers ? "not ready" : "not there", error.message);
    if (!answers) status_ = ExitStatus::kUnavailable;
    if (status_ == ExitStatus::kOk) status_ = ExitStatus::kNo;
  }

  void take_database(const std::string& url, const Json& status) {
    const bool ready = is_true(status, "ready");
    if (!ready && status_ == ExitStatus::kOk) status_ = ExitStatus::kNo;
    std::string what = ready ? text_of(status, "warning") : text_of(status, "reason");
    const Json* record = status.find("record");
    if (what.empty() && record != nullptr) {
      what = "worker " + number_of(*record, "leader") + " is the master, epoch " +
             number_of(*record, "epoch") + ", in sync: " + list_of(*record, "in_sync");
    }
    add("rs-orch", url, ready ? "ready" : "not ready", what);
    const Json* workers = status.find("workers");
    if (workers == nullptr || workers->as_array() == nullptr) return;
    for (const Json& worker : *workers->as_array()) {
      const std::string trouble = text_of(worker, "trouble");
      add("worker " + number_of(worker, "id"), "pid " + number_of(worker, "pid"),
          text_of(worker, "state"),
          trouble.empty() ? text_of(worker, "role") + ", lag " + number_of(worker, "lag")
                          : trouble);
    }
  }

  void take_order(const Json& replica) {
    const bool in_sync = is_true(replica, "in_sync");
    const bool alive = is_true(replica, "alive");
    add("order " + number_of(replica, "id"), "",
        !alive    ? "silent"
        : in_sync ? "in sync"
                  : "catching up",
        text_of(replica, "role") + ", last order " + number_of(replica, "last_order"));
  }

  Session& session_;
  std::vector<Row> rows_;
  size_t asked_ = 0;
  size_t waiting_ = 0;
  size_t place_ = 0;  // of whose answer is looked at
  ExitStatus status_ = ExitStatus::kOk;
};

}  // namespace

ExitStatus show_status(Session& session, const Arguments& arguments) {
  const Settings& settings = session.settings;
  const auto chosen = chosen_applications(arguments, settings);
  if (!chosen) return session.report(chosen.error());
  if (!settings.timeout_given) session.caller.set_timeout_ms(kLookMs);
  Look look(session);
  if (chosen->rideshare) {
    look.database(settings.orch_url);
    look.service("rs-users", settings.users_url);
    look.service("rs-rides", settings.rides_url);
  }
  if (chosen->toystore) look.store(settings.store_url);
  return look.run();
}

}  // namespace tandem::client

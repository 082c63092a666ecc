// wait: until services are ready. A port that answers 200 to /readyz may be another service's, or a
// load balancer's: each is also asked for the methods of a path that it alone has, which changes
// and costs nothing and goes through a load balancer to whoever is behind it.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "applications.h"
#include "commands.h"
#include "session.h"

namespace tandem::client {
namespace {

constexpr int64_t kDefaultWaitMs = 60'000;  // a start may take longer than a request
constexpr int64_t kPauseMs = 100;

struct Service {
  const char* name;
  std::string url;
  const char* path;    // that it alone has
  const char* method;  // that this path takes
};

// Asks all services at once, each again and again until it says that it is ready.
class Wait {
 public:
  Wait(Session& session, std::vector<Service> services)
      : session_(session), services_(std::move(services)), waiting_(services_.size()) {}

  ExitStatus run() {
    for (const Service& service : services_) ask_who(service);
    session_.loop.run();
    return status_;
  }

 private:
  void ask_who(const Service& service) {
    Call call{.method = "OPTIONS", .url = service.url + service.path, .max_pause_ms = kPauseMs};
    session_.caller.call(std::move(call), [this, &service](const Result<Reply>& reply) {
      if (!reply) return end(service, reply.error(), is_another_service(reply.error()));
      if (is_of(service, *reply)) return ask_ready(service);
      const Error another{ErrorKind::kUnavailable,
                          "another service answers at '" + service.url + "'"};
      end(service, another, true);
    });
  }

  static bool is_of(const Service& service, const Reply& reply) {
    const std::string methods = ", " + reply.allow + ",";
    return reply.status == 204 && reply.echoes_id &&
           methods.find(std::string(", ") + service.method + ",") != std::string::npos;
  }

  void ask_ready(const Service& service) {
    Call call{.url = service.url + "/readyz", .max_pause_ms = kPauseMs};
    session_.caller.call(std::move(call), [this, &service](const Result<Reply>& reply) {
      end(service, reply ? std::nullopt : std::optional<Error>(reply.error()), false);
    });
  }

  // One that is another service will not become this one: that outweighs that one is not ready yet.
  void end(const Service& service, const std::optional<Error>& error, bool another) {
    if (error) {
      session_.console.say(std::string(service.name) +
                           (another ? " is not there: " : " is not ready: ") + error->message);
      if (another || status_ == ExitStatus::kOk) {
        status_ = another ? ExitStatus::kUnavailable : ExitStatus::kTimeout;
      }
    }
    if (--waiting_ == 0) session_.loop.stop();
  }

  Session& session_;
  const std::vector<Service> services_;
  size_t waiting_;
  ExitStatus status_ = ExitStatus::kOk;
};

}  // namespace

ExitStatus wait_ready(Session& session, const Arguments& arguments) {
  const Settings& settings = session.settings;
  const auto chosen = chosen_applications(arguments, settings);
  if (!chosen) return session.report(chosen.error());
  std::vector<Service> services;
  if (chosen->rideshare) {
    services = {{"rs-users", settings.users_url, "/api/v1/users", "PUT"},
                {"rs-rides", settings.rides_url, "/api/v1/rides", "POST"},
                {"rs-orch", settings.orch_url, "/api/v1/orchestrator", "GET"}};
  }
  if (chosen->toystore) {
    services.push_back({"ts-front", settings.store_url, "/replicas/accept-loss", "POST"});
  }
  if (!settings.timeout_given) session.caller.set_timeout_ms(kDefaultWaitMs);
  return Wait(session, std::move(services)).run();
}

}  // namespace tandem::client

#include <string>
#include <utility>

#include "commands.h"
#include "session.h"

namespace tandem::client {
namespace {

constexpr int64_t kDefaultWaitMs = 60'000;  // a start may take longer than a request
constexpr int64_t kPauseMs = 100;

}  // namespace

// Asks all services at once, each again and again until it says that it is ready.
ExitStatus wait_ready(Session& session, const Arguments&) {
  const Settings& settings = session.settings;
  if (!settings.timeout_given) session.caller.set_timeout_ms(kDefaultWaitMs);
  const std::pair<const char*, const std::string*> services[] = {{"rs-users", &settings.users_url},
                                                                 {"rs-rides", &settings.rides_url},
                                                                 {"rs-orch", &settings.orch_url}};
  size_t waiting = std::size(services);
  ExitStatus status = ExitStatus::kOk;
  for (const auto& [name, url] : services) {
    Call call{.url = *url + "/readyz", .max_pause_ms = kPauseMs};
    session.caller.call(std::move(call), [&, name = name](const Result<Reply>& reply) {
      if (!reply) {
        session.console.say(std::string(name) + " is not ready: " + reply.error().message);
        status = ExitStatus::kTimeout;
      }
      if (--waiting == 0) session.loop.stop();
    });
  }
  session.loop.run();
  return status;
}

}  // namespace tandem::client

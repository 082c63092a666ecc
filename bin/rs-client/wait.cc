#include <string>
#include <utility>
#include <vector>

#include "commands.h"
#include "daemon/suggest.h"
#include "session.h"

namespace tandem::client {
namespace {

constexpr int64_t kDefaultWaitMs = 60'000;  // a start may take longer than a request
constexpr int64_t kPauseMs = 100;

struct Service {
  const char* name;
  std::string url;
};

}  // namespace

// Asks all services at once, each again and again until it says that it is ready. A toy store that
// nobody has named may well not be meant to run.
ExitStatus wait_ready(Session& session, const Arguments& arguments) {
  const Settings& settings = session.settings;
  const std::string which = arguments.operands.empty() ? "" : arguments.operands[0];
  if (!which.empty() && which != "rideshare" && which != "toystore" && which != "all") {
    return session.report(
        {ErrorKind::kUsage, "'" + which + "' is none of 'rideshare', 'toystore' and 'all'" +
                                daemon::suggestion(which, {"rideshare", "toystore", "all"})});
  }
  std::vector<Service> services;
  if (which != "toystore") {
    services = {{"rs-users", settings.users_url},
                {"rs-rides", settings.rides_url},
                {"rs-orch", settings.orch_url}};
  }
  if (which == "toystore" || which == "all" || (which.empty() && settings.store_given)) {
    services.push_back({"ts-front", settings.store_url});
  }
  if (!settings.timeout_given) session.caller.set_timeout_ms(kDefaultWaitMs);
  size_t waiting = services.size();
  ExitStatus status = ExitStatus::kOk;
  for (const Service& service : services) {
    Call call{.url = service.url + "/readyz", .max_pause_ms = kPauseMs};
    session.caller.call(std::move(call), [&, name = service.name](const Result<Reply>& reply) {
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

#include "applications.h"

#include <string>

#include "daemon/suggest.h"

namespace tandem::client {

Result<Applications> chosen_applications(const Arguments& arguments, const Settings& settings) {
  const std::string which = arguments.operands.empty() ? "" : arguments.operands[0];
  if (!which.empty() && which != "rideshare" && which != "toystore" && which != "all") {
    return fail(ErrorKind::kUsage, "'" + which + "' is none of 'rideshare', 'toystore' and 'all'" +
                                       daemon::suggestion(which, {"rideshare", "toystore", "all"}));
  }
  return Applications{
      .rideshare = which != "toystore",
      .toystore = which == "toystore" || which == "all" || (which.empty() && settings.store_given)};
}

}  // namespace tandem::client

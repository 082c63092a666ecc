// Which of the two applications a command is about: an operand, or what the settings name.
#pragma once

#include "base/result.h"
#include "command_line.h"
#include "settings.h"

namespace tandem::client {

struct Applications {
  bool rideshare = false;
  bool toystore = false;
};

// [rideshare|toystore|all]; without it the toy store counts where store.url is set, whatever to: one
// that nobody has named may well not be meant to run. kUsage: it is none of these.
Result<Applications> chosen_applications(const Arguments& arguments, const Settings& settings);

}  // namespace tandem::client

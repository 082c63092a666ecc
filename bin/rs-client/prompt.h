// Questions to a person at the terminal: asked on standard error, answered on standard input. Never
// asked where one of the two is none.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "command_line.h"

namespace tandem::client {

// Whether there is a person to ask.
bool can_ask();

// One line, without its end. kConflict where nothing was answered. REQUIRES: can_ask().
Result<std::string> ask_line(std::string_view question);
// The same without showing what is typed. The terminal is as it was before in the end, also where
// a signal ends or stops the process.
Result<std::string> ask_secret(std::string_view question);

// Whether to do what loses data: said by --yes, else the name of the group has to be typed. `what`
// is "empties the whole database". kUsage where nobody can be asked, kConflict where the answer was
// another.
Status confirm(const Arguments& arguments, std::string_view command, std::string_view what,
               std::string_view group);
// Fails where confirm() would for want of somebody to ask: to be known before anything is looked
// up.
Status check_can_confirm(const Arguments& arguments, std::string_view command,
                         std::string_view what);

}  // namespace tandem::client

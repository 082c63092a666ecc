// Whether to do what the whole database loses data by (prompt.h): asked with the name of its group.
#pragma once

#include "command_line.h"
#include "session.h"

namespace tandem::client {

Status confirm_for_database(Session& session, const Arguments& arguments, const char* command,
                            const char* what);

}  // namespace tandem::client

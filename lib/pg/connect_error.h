// Why there is no connection, out of libpq's words: it has the SQLSTATE of what the server says in
// its text alone. Pure. Private to lib/pg.
#pragma once

#include <string>

#include "base/result.h"

namespace tandem::pg {

// What libpq says when it cannot connect, as an Error. `text` has SQLSTATEs where the server said
// something: PQERRORS_VERBOSE. That of the last address that was tried counts. Pure.
Error connect_error(const std::string& text, bool needs_password);
// The same where it does not come to asking anybody, as for a service that is defined nowhere.
Error options_error(const std::string& text);

}  // namespace tandem::pg

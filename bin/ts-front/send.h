// Sends what render.h made.
#pragma once

#include <string>

#include "http/responder.h"
#include "render.h"

namespace tandem::front {

// With Retry-After where it is a 503.
void send(http::Responder& responder, const Answer& answer);

// The answer to a change, which a replica or the gateway answered with `status`. Where the outcome
// is unknown the client is told the key to ask again with, which may be one of our making.
void send_change(http::Responder& responder, const Answer& answer, int status,
                 const std::string& key);

}  // namespace tandem::front

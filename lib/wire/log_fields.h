// The members of a JSON object as fields of a log line: what is told as JSON elsewhere, such as to
// who listens to events, is logged in the log's own form.
#pragma once

#include <vector>

#include "base/log.h"
#include "wire/json.h"

namespace tandem::wire {

// None where it is no object. The names are views into `object`.
std::vector<log::Field> log_fields(const Json& object);

}  // namespace tandem::wire

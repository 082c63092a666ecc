// The status that a replica answers an error with (wire/envelope.h): to whom asks it 503 means that
// nothing was done, 504 that the outcome is not known. Both are tried again (group/gateway.h).
#pragma once

#include <cstdint>

#include "base/result.h"

namespace tandem::wire {

uint16_t status_of(ErrorKind kind);

}  // namespace tandem::wire

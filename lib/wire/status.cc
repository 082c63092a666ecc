#include "wire/status.h"

namespace tandem::wire {

uint16_t status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kBadInput:
      return 400;
    case ErrorKind::kNotFound:
      return 404;
    case ErrorKind::kConflict:
      return 409;
    case ErrorKind::kTooLarge:
      return 413;
    case ErrorKind::kBusy:
      return 429;  // of one asker too many: asking at once again does not help
    case ErrorKind::kUnavailable:
    case ErrorKind::kExhausted:
    case ErrorKind::kTimeout:  // of a read that waited: nothing was done
      return 503;
    case ErrorKind::kUnknown:
      return 504;
    case ErrorKind::kNoSpace:
      return 507;
    default:
      return 500;
  }
}

}  // namespace tandem::wire

#include "base/result.h"

#include <cerrno>
#include <cstring>

namespace tandem {

tl::unexpected<Error> fail_errno(const std::string& what, int errno_value) {
  ErrorKind kind = ErrorKind::kIo;
  switch (errno_value) {
    case ENOSPC:
    case EDQUOT:
      kind = ErrorKind::kNoSpace;
      break;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      kind = ErrorKind::kExhausted;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      kind = ErrorKind::kPermission;
      break;
    case ENOENT:
      kind = ErrorKind::kNotFound;
      break;
    case EADDRINUSE:
    case EWOULDBLOCK:
      kind = ErrorKind::kBusy;
      break;
    case ENOTDIR:
    case EEXIST:
      kind = ErrorKind::kCannotCreate;
      break;
    default:
      break;
  }
  return fail(kind, what + ": " + std::strerror(errno_value));
}

ExitStatus exit_status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return ExitStatus::kUsage;
    case ErrorKind::kBadInput:
    case ErrorKind::kCorrupt:
    case ErrorKind::kTooLarge:
      return ExitStatus::kBadInput;
    case ErrorKind::kConflict:
    case ErrorKind::kNotFound:
      return ExitStatus::kNo;
    case ErrorKind::kUnavailable:
    case ErrorKind::kBusy:
    case ErrorKind::kExhausted:
      return ExitStatus::kUnavailable;
    case ErrorKind::kUnknown:
    case ErrorKind::kTimeout:
      return ExitStatus::kTimeout;
    case ErrorKind::kCannotCreate:
      return ExitStatus::kCannotCreate;
    case ErrorKind::kIo:
    case ErrorKind::kNoSpace:
    case ErrorKind::kDiskFailed:
      return ExitStatus::kIo;
    case ErrorKind::kPermission:
      return ExitStatus::kPermission;
    case ErrorKind::kConfig:
      return ExitStatus::kConfig;
    case ErrorKind::kBug:
      return ExitStatus::kBug;
  }
  return ExitStatus::kBug;
}

}  // namespace tandem

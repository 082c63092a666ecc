// Result<T>: the value or an Error, for everything that can fail while the program is right.
// What cannot happen is a CHECK (check.h). Nothing in tandem throws.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "base/exit_status.h"

namespace tandem {

// What went wrong, in the field's terms; each kind has one exit status and each boundary (HTTP,
// rpc) maps it once.
enum class ErrorKind {
  kUsage,         // wrong use of a command line
  kBadInput,      // data from outside is malformed or refers to what is not there
  kConflict,      // a condition of a transaction failed
  kNotFound,      // the thing asked for does not exist
  kTooLarge,      // a limit of the configuration was exceeded
  kUnavailable,   // the peer is not reachable or not able now; nothing was done
  kUnknown,       // the outcome is unknown: ask again with the same key
  kTimeout,       // the deadline passed; for a write the outcome is unknown
  kCannotCreate,  // a file or directory could not be created
  kIo,            // reading, writing or syncing failed (of a replica's own data: kDiskFailed)
  kNoSpace,       // no space left on the device, no inode, or a quota is used up
  kDiskFailed,    // a write or a sync of a replica's own data failed: its disk may lie
  kExhausted,     // this process or host has no descriptor or memory left
  kCorrupt,       // stored data does not match its checksum
  kPermission,    // permission denied
  kConfig,        // the configuration is wrong
  kBusy,          // somebody else holds it (lock, port, directory)
  kBug,           // an invariant broke
};

struct Error {
  ErrorKind kind = ErrorKind::kBug;
  std::string message;  // lower case, no full stop: cannot open 'x.log': No space left on device
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = tl::expected<void, Error>;

inline tl::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return tl::unexpected<Error>(Error{kind, std::move(message)});
}

inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

// The error of a failed system call, from errno: fail_errno("cannot open 'x.log'", errno).
// ENOSPC, EACCES, EEXIST and the like choose the kind; everything else is kIo. Never kDiskFailed:
// that is for lib/storage to say, which knows whose data it is (storage/disk.h).
tl::unexpected<Error> fail_errno(const std::string& what, int errno_value);

// The exit status that belongs to an error which ends the process.
ExitStatus exit_status_of(ErrorKind kind);

}  // namespace tandem

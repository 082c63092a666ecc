// What stands where a file of ours should be may be something else: opening a FIFO waits for its
// other end, and a process that waits there hears no signal and serves nobody; a device may give
// bytes without end. Every file that is read or locked by its name is opened this way.
#pragma once

#include <fcntl.h>

#include <string>

#include "base/result.h"

namespace tandem::loop {

// Flags for open(2) with which it never waits. Regular files do not notice them.
constexpr int kWithoutWaiting = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

// Fails, with `kind`, where the open file is no regular one; a directory is kIo, as reading one is.
Status check_regular(int fd, const std::string& path, ErrorKind kind = ErrorKind::kCorrupt);

}  // namespace tandem::loop

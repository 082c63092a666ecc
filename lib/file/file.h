// The system calls on files, with tandem's errors. All block. What an errno becomes: fail_errno in
// base/result.h.
//
// What stands where a file of ours should be may be something else: opening a FIFO waits for its
// other end, and a process that waits there hears no signal and serves nobody; a device may give
// bytes without end. Every file that is read or locked by its name is opened with open_regular.
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "file/descriptor.h"

namespace tandem::file {

// Flags for open(2) with which it never waits. Regular files do not notice them.
constexpr int kWithoutWaiting = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

// Owner-only: what is kept is whatever users entrust to the service.
constexpr mode_t kMode = 0600;

// Fails, with `kind`, where the open file is no regular one; a directory is kIo, as reading one is.
Status check_regular(const Descriptor& file, const std::string& path,
                     ErrorKind kind = ErrorKind::kCorrupt);
// open(2) with `flags` and kWithoutWaiting, then check_regular.
Result<Descriptor> open_regular(const std::string& path, int flags,
                                ErrorKind kind = ErrorKind::kCorrupt, mode_t mode = kMode);

// The whole of a file of ours; nullopt: there is none.
Result<std::optional<std::string>> read_if_there(const std::string& path);
// The whole of a file that an operator has written: a configuration, a table of areas. kConfig: it
// is longer, or is no regular file. Else as errno says: "cannot open 'x.csv': …".
Result<std::string> read_input(const std::string& path, size_t max_bytes);

// Up to `size` bytes into `out` (resized to what was read); fewer only at the end of the file.
Status read_at(const Descriptor& file, uint64_t offset, size_t size, std::string& out,
               const std::string& path);
// All of `data` or an error; after an error any part may have been written.
Status write_at(const Descriptor& file, uint64_t offset, std::string_view data,
                const std::string& path);
Result<uint64_t> size_of(const Descriptor& file, const std::string& path);
// fdatasync: enough where the size does not change.
Status sync_data(const Descriptor& file, const std::string& path);
// fsync.
Status sync(const Descriptor& file, const std::string& path);
// A new file with this content, synced; none where that fails.
Status write_new(const std::string& path, std::string_view content);

// A new file in that directory that has no name: it is gone with its descriptor.
Result<Descriptor> open_unnamed(const std::string& directory);
// What an ordinary user may still write there, in bytes.
Result<uint64_t> free_bytes(const Descriptor& file, const std::string& path);
// Of the file system that this is on, in bytes: all, and what an ordinary user may still write.
struct Room {
  uint64_t size = 0;
  uint64_t free = 0;
};
Result<Room> room_at(const std::string& path);

// Gives `from` the name `to` where nothing has that. False: something has. Needs no room: link(2),
// or where a file system counts links as files, as tmpfs does, renameat2(2).
Result<bool> name_exclusively(const std::string& from, const std::string& to);
Status rename(const std::string& from, const std::string& to);

// True: locked; false: somebody else holds it. `operation`: LOCK_EX or LOCK_SH.
Result<bool> try_flock(const Descriptor& file, int operation, const std::string& path);
// Whether `path` names the file that is open.
bool names_same_file(const std::string& path, const Descriptor& file);

}  // namespace tandem::file

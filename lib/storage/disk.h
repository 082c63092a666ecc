// Files as this library uses them. `Disk` exists so that tests can fill the disk up, make a sync
// fail, or lose what was not synced; everything else uses system_disk().
//
// What fails here is a replica's own data. A write or a sync that failed is kDiskFailed: what is on
// the disk is not known any more. kNoSpace, kExhausted, kPermission, kNotFound: it was refused and
// nothing was written, or, of a write, a part of it, which recovery finds torn. Reading fails with
// kIo.
//
// Thread: a Disk may be used from any thread; a File by one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tandem::storage {

class File {
 public:
  virtual ~File() = default;  // closes; an error of close(2) has no meaning after sync
  // All of `data` or an error; after an error any part may have been written.
  virtual Status write_at(uint64_t offset, std::string_view data) = 0;
  // Up to `size` bytes into `out` (resized to what was read); fewer only at the end of the file.
  virtual Status read_at(uint64_t offset, size_t size, std::string& out) const = 0;
  virtual Result<uint64_t> size() const = 0;
  virtual Status sync_data() = 0;  // fdatasync: enough where the size does not change
  virtual Status sync() = 0;       // fsync
  // Sets so much room aside for it, from its beginning on; its size stays. kNoSpace: there is not
  // so much. Where the file system cannot do that nothing happens.
  virtual Status reserve(uint64_t bytes) = 0;
};

enum class OpenMode {
  kRead,       // must exist
  kReadWrite,  // must exist
  kReplace,    // created, or emptied where it exists
};

class Disk {
 public:
  virtual ~Disk() = default;
  // kCorrupt: something else than a file has the name of one that must exist.
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& path) = 0;
  // The names in a directory, in no order, without "." and "..".
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
  // Makes renames, removals and new names in the directory durable.
  virtual Status sync_directory(const std::string& directory) = 0;
};

Disk& system_disk();

// The whole file. kNotFound where there is none.
Result<std::string> read_file(Disk& disk, const std::string& path);
// Into `content`, whose memory is used again: for many large ones.
Status read_file(Disk& disk, const std::string& path, std::string& content);
// Frees the name of a file. What is none (a directory, a pipe) is renamed to <name>.unreadable, or
// <name>.unreadable.2 and so on: somebody may keep something there. Not durable yet.
Status remove_file(Disk& disk, const std::string& directory, const std::string& name);
// Replaces `directory`/`name` durably: temporary name, sync, rename, sync of the directory. After a
// crash at any point the file has its old content or the new one. What is no file is moved out of
// the way, as by remove_file().
Status replace_file(Disk& disk, const std::string& directory, const std::string& name,
                    std::string_view content);

}  // namespace tandem::storage

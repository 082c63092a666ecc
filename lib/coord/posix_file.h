// The few system calls on files that local coordination is made of, with tandem's errors. All
// block.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tandem::coord {

// Owns a file descriptor. Closing it frees the flock that it holds.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() { reset(); }
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  explicit operator bool() const { return fd_ >= 0; }
  int get() const { return fd_; }
  void reset();

 private:
  int fd_ = -1;
};

// Makes the directory and those above it where they are missing (0700), each durable.
Status make_directories(const std::string& path);
// kUnavailable where there is none: whoever removed it wants nothing made there again.
Status directory_is_there(const std::string& path);
Status sync_directory(const std::string& path);
Result<std::vector<std::string>> list_directory(const std::string& path);

Result<FileDescriptor> open_file(const std::string& path, int flags);
// nullopt: there is none.
Result<std::optional<std::string>> read_file(const std::string& path);
// Files of one block each, made while there is room, for what has to be written when there is none.
// Directory of them: `directory`. All calls block.
class SpareFiles {
 public:
  static constexpr size_t kWanted = 16;
  static constexpr size_t kBytes = 4096;

  explicit SpareFiles(std::string directory) : directory_(std::move(directory)) {}
  // Makes what is missing of them; as many as there is room for.
  void refill() const;
  // write_new_file(path, content), or, where there is no room for a new file, one of these under
  // that name: written over in place and synced, it needs neither block nor inode. `path` is in the
  // same file system and not in use.
  Status write(const std::string& path, std::string_view content) const;

 private:
  Status write_over(const std::string& path, std::string_view content) const;
  std::string directory_;
};

// A new file with this content, synced.
Status write_new_file(const std::string& path, std::string_view content);
// spares.write(temporary), rename, sync of `directory`.
Status replace_file(const SpareFiles& spares, const std::string& temporary,
                    const std::string& directory, const std::string& name,
                    std::string_view content);
// Gives `from` the name `to` where nothing has that. False: something has. Needs no room: link(2),
// or where a file system counts links as files, as tmpfs does, renameat2(2).
Result<bool> name_exclusively(const std::string& from, const std::string& to);

// True: locked; false: somebody else holds it. `operation`: LOCK_EX or LOCK_SH.
Result<bool> try_flock(const FileDescriptor& file, int operation, const std::string& path);
// Whether `path` names the file that is open.
bool names_same_file(const std::string& path, const FileDescriptor& file);

}  // namespace tandem::coord

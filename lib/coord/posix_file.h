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
Status sync_directory(const std::string& path);
Result<std::vector<std::string>> list_directory(const std::string& path);

Result<FileDescriptor> open_file(const std::string& path, int flags);
// nullopt: there is none.
Result<std::optional<std::string>> read_file(const std::string& path);
// A new file with this content, synced.
Status write_new_file(const std::string& path, std::string_view content);
// write_new_file(temporary), rename, sync of `directory`.
Status replace_file(const std::string& temporary, const std::string& directory,
                    const std::string& name, std::string_view content);

// True: locked; false: somebody else holds it. `operation`: LOCK_EX or LOCK_SH.
Result<bool> try_flock(const FileDescriptor& file, int operation, const std::string& path);
// Whether `path` names the file that is open.
bool names_same_file(const std::string& path, const FileDescriptor& file);

}  // namespace tandem::coord

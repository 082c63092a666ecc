// The storage directory of a replica: made where it is missing (mode 0700), and locked.
//
//   <directory>/lock               held with flock(2) for the life of the process; holds its pid
//   <directory>/identity           storage/identity.h
//   <directory>/promise, log-*     storage/log.h
//   <directory>/snap-*.ndjson      storage/snapshot.h
//   <directory>/set-aside-*        storage/set_aside.h
//   <directory>/replacement        storage/replacement.h
//
// One process uses a directory at a time. That the lock can be taken while the file is still the
// inode that a process has registered proves that this process is dead: nobody else unlinks it.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "file/descriptor.h"

namespace tandem::storage {

class Directory {
 public:
  // kBusy names the pid that holds it. A lock held for a moment only (somebody testing whether a
  // dead process is dead) is waited for, 100 ms at most.
  static Result<std::unique_ptr<Directory>> open(const std::string& path);
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  const std::string& path() const { return path_; }
  std::string lock_path() const { return path_ + "/lock"; }
  dev_t lock_device() const { return device_; }
  ino_t lock_inode() const { return inode_; }
  // False once the lock's path no longer names the file that this process holds: others may take
  // the directory. It must take the lock again, or exit.
  bool still_ours() const;
  // Where the lock's file was removed, and nobody else has made one since: makes another one, which
  // is locked by this process before it has its name. kBusy: somebody has; kNotFound: the directory
  // is gone, or is another one by now.
  Status take_again();

 private:
  Directory(std::string path, file::Descriptor lock, dev_t device, ino_t inode)
      : path_(std::move(path)), lock_(std::move(lock)), device_(device), inode_(inode) {}
  Status link_lock(file::Descriptor lock, const std::string& temporary);
  std::string path_;
  file::Descriptor lock_;
  dev_t device_;
  ino_t inode_;
  file::Descriptor directory_;
};

// The process that has this directory locked; nullopt where none has, or where it has only just
// locked it and not yet told its pid.
Result<std::optional<pid_t>> directory_holder(const std::string& path);

}  // namespace tandem::storage

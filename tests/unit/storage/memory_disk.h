// A disk in memory that can lose power, fill up and fail: what was not synced is lost at crash(),
// or kept sector by sector as a coin decides, as a real disk does.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "storage/disk.h"

namespace tandem::storage {

class MemoryDisk final : public Disk {
 public:
  struct Inode {
    std::string content;
    std::string durable;
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;  // shared: by names and open files

  // Power is lost. `keep`: each unsynced sector survives where the coin says so.
  void crash(std::mt19937* keep = nullptr) {
    const std::lock_guard lock(mutex_);
    names_ = durable_names_;
    for (auto& [path, inode] : names_) {
      if (keep != nullptr) keep_sectors(*inode, *keep);
      inode->content = inode->durable;
    }
  }

  // Everything that was written becomes durable: a clean stop, or a process that was killed.
  void settle() {
    const std::lock_guard lock(mutex_);
    durable_names_ = names_;
    for (auto& [path, inode] : names_) inode->durable = inode->content;
  }

  std::string& content(const std::string& path) { return names_.at(path)->content; }
  bool has(const std::string& path) const {
    const std::lock_guard lock(mutex_);
    return names_.contains(path);
  }
  // A copy of all files, and back: to try many kinds of damage on one state.
  std::map<std::string, std::string> contents() const {
    const std::lock_guard lock(mutex_);
    std::map<std::string, std::string> all;
    for (const auto& [path, inode] : names_) all[path] = inode->content;
    return all;
  }
  void restore(const std::map<std::string, std::string>& all) {
    const std::lock_guard lock(mutex_);
    names_.clear();
    for (const auto& [path, content] : all) {
      names_[path] = std::make_shared<Inode>(Inode{content, content});
    }
    durable_names_ = names_;
  }

  // From now on (nullopt: no more): every sync fails; files cannot take more bytes in total; the
  // power goes after so many more writes, syncs, renames and removals, all of which then fail.
  void fail_syncs(bool on) { set(syncs_fail_, on); }
  void set_capacity(std::optional<uint64_t> bytes) { set(capacity_, bytes); }
  void stop_after(std::optional<uint64_t> operations) { set(operations_left_, operations); }
  uint64_t syncs() const {
    const std::lock_guard lock(mutex_);
    return syncs_;
  }

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    const std::lock_guard lock(mutex_);
    auto found = names_.find(path);
    if (found == names_.end()) {
      if (mode != OpenMode::kReplace) return fail_errno("cannot open '" + path + "'", ENOENT);
      found = names_.emplace(path, std::make_shared<Inode>()).first;
    } else if (mode == OpenMode::kReplace) {
      found->second = std::make_shared<Inode>();
    }
    return std::make_unique<MemoryFile>(*this, path, found->second);
  }
  Status rename(const std::string& from, const std::string& to) override {
    const std::lock_guard lock(mutex_);
    if (Status s = operation("rename"); !s) return s;
    if (!names_.contains(from)) return fail_errno("cannot rename '" + from + "'", ENOENT);
    names_[to] = names_.at(from);
    names_.erase(from);
    return {};
  }
  Status remove(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    if (Status s = operation("remove"); !s) return s;
    if (names_.erase(path) == 0) return fail_errno("cannot remove '" + path + "'", ENOENT);
    return {};
  }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [path, inode] : names_) {
      if (path.starts_with(directory + "/")) names.push_back(path.substr(directory.size() + 1));
    }
    return names;
  }
  Status sync_directory(const std::string&) override {
    const std::lock_guard lock(mutex_);
    if (Status s = sync_operation("directory"); !s) return s;
    durable_names_ = names_;
    return {};
  }

 private:
  class MemoryFile final : public File {
   public:
    MemoryFile(MemoryDisk& disk, std::string path, std::shared_ptr<Inode> inode)
        : disk_(disk), path_(std::move(path)), inode_(std::move(inode)) {}
    Status write_at(uint64_t offset, std::string_view data) override {
      const std::lock_guard lock(disk_.mutex_);
      if (Status s = disk_.operation(path_); !s) return s;
      std::string& content = inode_->content;
      if (offset + data.size() > content.size()) {
        if (disk_.capacity_ &&
            disk_.used() + offset + data.size() - content.size() > *disk_.capacity_) {
          return fail_errno("cannot write to '" + path_ + "'", ENOSPC);
        }
        content.resize(offset + data.size());
      }
      content.replace(offset, data.size(), data);
      return {};
    }
    Status read_at(uint64_t offset, size_t size, std::string& out) const override {
      const std::lock_guard lock(disk_.mutex_);
      out = offset < inode_->content.size() ? inode_->content.substr(offset, size) : "";
      return {};
    }
    Result<uint64_t> size() const override {
      const std::lock_guard lock(disk_.mutex_);
      return inode_->content.size();
    }
    Status sync_data() override { return sync(); }
    Status sync() override {
      const std::lock_guard lock(disk_.mutex_);
      if (Status s = disk_.sync_operation(path_); !s) return s;
      inode_->durable = inode_->content;
      return {};
    }
    Status reserve(uint64_t bytes) override {
      const std::lock_guard lock(disk_.mutex_);
      const uint64_t more = bytes - std::min<uint64_t>(bytes, inode_->content.size());
      if (!disk_.capacity_ || disk_.used() + more <= *disk_.capacity_) return {};
      return fail_errno("no room for '" + path_ + "'", ENOSPC);
    }

   private:
    MemoryDisk& disk_;
    std::string path_;
    std::shared_ptr<Inode> inode_;
  };

  template <typename T>
  void set(T& what, T value) {
    const std::lock_guard lock(mutex_);
    what = value;
  }
  uint64_t used() const {
    uint64_t bytes = 0;
    for (const auto& [path, inode] : names_) bytes += inode->content.size();
    return bytes;
  }
  Status operation(const std::string& what) {
    if (!operations_left_) return {};
    if (*operations_left_ == 0) return fail(ErrorKind::kIo, "no power: " + what);
    --*operations_left_;
    return {};
  }
  Status sync_operation(const std::string& what) {
    if (Status s = operation(what); !s) return s;
    if (syncs_fail_) return fail_errno("cannot sync '" + what + "'", EIO);
    ++syncs_;
    return {};
  }
  static void keep_sectors(Inode& inode, std::mt19937& coin) {
    constexpr size_t kSector = 512;
    inode.durable.resize(std::max(inode.durable.size(), inode.content.size()));
    for (size_t at = 0; at < inode.content.size(); at += kSector) {
      if (coin() % 2 == 0) continue;
      const std::string_view kept = std::string_view(inode.content).substr(at, kSector);
      inode.durable.replace(at, kept.size(), kept);
    }
  }

  mutable std::mutex mutex_;
  Names names_;
  Names durable_names_;
  bool syncs_fail_ = false;
  std::optional<uint64_t> capacity_;
  std::optional<uint64_t> operations_left_;
  uint64_t syncs_ = 0;
};

}  // namespace tandem::storage

// The configuration record of a group as files; the layout is in coord/local.h. All calls block.
//
// Why it is right: versions are made one after the other, since a swap starts from a version that
// it has seen. So a link that succeeds is the first one of its version, unless that version was
// removed before. Removed versions are at or below the floor, which is durable before the first of
// them goes. Whoever finds a version above the floor, with the floor read after the list, has found
// one that counts; and the highest version is never removed. Where somebody else did that, the
// floor is a version whose text is not known: damaged, as a file with a wrong checksum is. What has
// been a version is never written to again, as somebody may be about to read it: removed ones are
// not used as spare files.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "coord/coord.h"
#include "coord/spare_files.h"

namespace tandem::coord {

class RecordFiles {
 public:
  // How many versions are kept for people to look at.
  static constexpr uint64_t kKeep = 16;

  // `group_directory`: <root>/<group>.
  explicit RecordFiles(std::string group_directory) : group_(std::move(group_directory)) {}

  Status make_directories() const;
  Result<Versioned> read() const;
  // The highest version by name, without making sure of anything: to notice changes cheaply.
  Result<uint64_t> peek() const;
  // RecordSwap's steps in one. Takes a spare file where there is no room, and makes new ones where
  // there is.
  Result<SwapOutcome> swap(const Expected& expected, const std::string& text) const;
  // Makes this the newest version where there is no record: for one that comes from elsewhere, while
  // nobody uses it.
  Status put(const Versioned& record) const;
  // Removes versions that are kept no longer, where there are enough of them and nobody else does.
  Status prune() const;
  // What processes that are dead have left (temporary_name.h).
  Status remove_abandoned_temporaries() const;

  const std::string& group_directory() const { return group_; }
  std::string record_directory() const { return group_ + "/record"; }
  std::string temporary_path() const;
  // For what has to be written on a full disk.
  SpareFiles spares() const { return SpareFiles(group_ + "/spare"); }
  std::string version_path(uint64_t version) const;

  struct Listing {
    std::vector<uint64_t> versions;  // ascending
    uint64_t floor = 0;              // read after the list
    uint64_t newest() const { return versions.empty() ? 0 : versions.back(); }
    // Either nothing was ever there, or the newest version counts.
    bool sound() const { return newest() > floor || (versions.empty() && floor == 0); }
    // Where the newest version is missing: the last one that is known to have been.
    uint64_t current() const { return std::max(newest(), floor); }
  };
  Result<Listing> list() const;
  // Looks again where versions came and went meanwhile: not sound, if the newest one is missing.
  Result<Listing> settled_list() const;

 private:
  Result<uint64_t> floor() const;
  Status raise_floor(uint64_t floor) const;
  std::string group_;
};

// One compare-and-swap, step by step, so that tests can stop it in between. A process may stop for
// any time between two steps.
class RecordSwap {
 public:
  RecordSwap(const RecordFiles& files, Expected expected)
      : files_(files), expected_(std::move(expected)) {}
  ~RecordSwap();
  RecordSwap(const RecordSwap&) = delete;
  RecordSwap& operator=(const RecordSwap&) = delete;

  // Each step: kApplied: go on to the next (the last one: it is applied); kRefused: the end. An
  // error of link or settle means that the outcome is unknown.
  Result<SwapOutcome> prepare(const std::string& text);
  Result<SwapOutcome> link();
  Result<SwapOutcome> settle();

 private:
  uint64_t version() const { return expected_.version + 1; }
  const RecordFiles& files_;
  Expected expected_;
  std::string temporary_;
};

}  // namespace tandem::coord

// The simulated coordination service: one record with compare-and-swap. A swap may be carried out
// long after its caller was told that the outcome is unknown, refused, or done with the reply lost;
// the service may be gone for a while, tell old versions to those who watch, and lose the record
// until somebody puts it back.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/function.h"
#include "repl/events.h"
#include "repl/types.h"
#include "sim/world.h"

namespace tandem::sim {

class RecordStore {
 public:
  explicit RecordStore(World& world) : world_(world) {}

  void create(const repl::Record& record);
  // `done` gets true for a clear yes and is always called.
  void swap(const repl::Swap& swap, bool reachable, UniqueFunction<void(bool)> done);
  // `done` gets what was there (nullopt: no record) between now and then, unless the read failed.
  void read(bool reachable,
            UniqueFunction<void(bool read, const std::optional<repl::Record>&)> done);
  // Some version up to this one: what a watch that lags behind may tell.
  const repl::Record& stale(uint64_t last_version) const {
    return versions_[world_.random.below(std::min<uint64_t>(last_version, versions_.size()))];
  }
  const repl::Record& record() const { return versions_.back(); }
  const repl::Record& newest() const { return newest_; }

  void go_away(int64_t for_ns) { gone_until_ns_ = world_.now() + for_ns; }
  // The record is an earlier one again, as from a backup. False: there is none, or nobody who lives
  // could tell.
  bool go_back();
  void lose_record(int64_t for_ns) { wiped_until_ns_ = world_.now() + for_ns; }
  void heal() { gone_until_ns_ = wiped_until_ns_ = 0; }

  // Whether every set that is or may become the record's has another member whose disk is there: no
  // protocol survives the loss of them all.
  bool can_do_without(const repl::Member& member) const;

 private:
  struct Request {
    repl::Swap swap;
    bool refused = false;
    UniqueFunction<void(bool)> done;
  };
  bool gone() const { return world_.now() < gone_until_ns_; }
  bool wiped() const { return world_.now() < wiped_until_ns_; }
  void carry_out(uint64_t number);
  void give_up(uint64_t number);

  World& world_;
  std::vector<repl::Record> versions_;
  repl::Record newest_;  // that ever was
  std::map<uint64_t, Request> requests_;
  uint64_t last_request_ = 0;
  int64_t gone_until_ns_ = 0;
  int64_t wiped_until_ns_ = 0;
};

}  // namespace tandem::sim

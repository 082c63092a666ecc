// What the process that watches over a group shows of it on /metrics, labelled with the group's name:
// who leads, the set, elections; and of each replica what that tells, which has no port for it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/function.h"
#include "daemon/metrics.h"
#include "group/group.h"
#include "repl/types.h"
#include "wire/json.h"

namespace tandem::group {

class GroupMetrics {
 public:
  // Both outlive this, and this outlives the last text() of `metrics`. `wanted` says how many
  // members the in-sync set is to have.
  GroupMetrics(daemon::Metrics& metrics, Group& group, std::function<size_t()> wanted);

  // Asks the replicas for theirs, then calls back. What does not answer is shown as down, and has
  // no other figures: old ones would be taken for new.
  void collect(UniqueFunction<void()> done);

 private:
  struct Shown {  // of a replica
    std::map<std::string, daemon::Gauge> gauges;
    std::optional<daemon::Histogram> syncs;
    std::optional<daemon::Counter> reads;
    std::string session;             // whose counters these are
    std::vector<int64_t> counted{};  // of its syncs, by bucket of base/durations.h
    int64_t counted_us = 0;
    uint64_t counted_reads = 0;  // of its link
  };
  struct Told {
    repl::ReplicaId id = 0;
    std::string session;
    uint64_t reads = 0;  // that were sent to it
    std::optional<wire::Json> info;
  };

  void update();
  void show(const std::vector<Told>& all);
  void show(const Told& told, int64_t newest);
  void show_syncs(Shown& shown, const Told& told);
  void show_reads(Shown& shown, const Told& told);
  void set(repl::ReplicaId id, const std::string& name, const std::string& help, double value);
  void hide(repl::ReplicaId id, bool all);
  daemon::Labels labels_of(repl::ReplicaId id) const;

  daemon::Metrics& metrics_;
  Group& group_;
  const std::function<size_t()> wanted_;
  const daemon::Labels labels_;
  daemon::Gauge ready_;
  daemon::Gauge leader_;
  daemon::Gauge open_;
  daemon::Gauge epoch_;
  daemon::Gauge in_sync_;
  daemon::Gauge in_sync_wanted_;
  daemon::Gauge in_flight_;
  daemon::Counter elections_;
  daemon::Counter leaderless_;
  std::map<repl::ReplicaId, Shown> replicas_;
};

}  // namespace tandem::group

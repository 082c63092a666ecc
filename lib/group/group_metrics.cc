#include "group/group_metrics.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "base/clock.h"
#include "base/durations.h"
#include "base/ids.h"
#include "group/replica_info.h"

namespace tandem::group {
namespace {

constexpr const char* kUp = "tandem_replica_up";
constexpr const char* kSyncs = "tandem_replica_fsync_duration_seconds";

// A figure that a replica tells of itself, and what it is shown as.
struct Figure {
  const char* told;
  const char* name;
  const char* help;
  double scale = 1;
};

constexpr Figure kFigures[] = {
    {"leading", "tandem_replica_leads", "1 where the replica leads"},
    {"in_sync", "tandem_replica_in_sync", "1 where it is a member of the in-sync set"},
    {"lease", "tandem_replica_lease", "1 where it answers linearizable reads by itself"},
    {"has_space", "tandem_replica_has_space", "0 where its disk is too full to go on"},
    {"epoch", "tandem_replica_epoch", "the epoch that it has heard of last"},
    {"last_index", "tandem_replica_last_index", "index of the last entry of its log"},
    {"applied_index", "tandem_replica_applied_index", "index that its tables are as of"},
    {"log_bytes", "tandem_replica_log_bytes", "size of its log on the disk"},
    {"snapshot_bytes", "tandem_replica_snapshot_bytes", "size of its newest snapshot"},
    {"free_bytes", "tandem_replica_disk_free_bytes", "room on its disk for an ordinary user"},
    {"orders", "tandem_replica_orders", "orders that it has"},
    {"open", "tandem_replica_open_intents", "purchases that it has logged and without a result"},
    {"toys", "tandem_replica_products", "products that it has"},
    {"disk_bytes", "tandem_replica_disk_size_bytes", "size of that disk"},
    {"resident_bytes", "tandem_replica_resident_memory_bytes", "memory of its process in RAM"},
    {"loop_stall_us", "tandem_replica_loop_stall_seconds",
     "the longest turn of its event loop in the last minutes", 1e-6},
};

std::optional<double> number(const wire::Json& info, const char* name) {
  const wire::Json* found = info.find(name);
  if (found == nullptr) return std::nullopt;
  if (const bool* yes = found->as_bool()) return *yes ? 1 : 0;
  if (const int64_t* value = found->as_int()) return static_cast<double>(*value);
  return std::nullopt;
}

// Counts of base/durations.h in the buckets of /metrics.
std::vector<double> in_seconds(const std::vector<int64_t>& counts) {
  const std::vector<double>& bounds = daemon::duration_buckets();
  std::vector<double> sums(bounds.size() + 1);
  for (size_t bucket = 0; bucket < counts.size(); ++bucket) {
    const double begin = static_cast<double>(Durations::begin_us(bucket)) / 1e6;
    const auto bound = std::lower_bound(bounds.begin(), bounds.end(), begin);
    sums[static_cast<size_t>(bound - bounds.begin())] += static_cast<double>(counts[bucket]);
  }
  return sums;
}

void raise_to(daemon::Counter& counter, double value) {
  counter.add(std::max(0.0, value - counter.value()));
}

}  // namespace

GroupMetrics::GroupMetrics(daemon::Metrics& metrics, Group& group, std::function<size_t()> wanted)
    : metrics_(metrics),
      group_(group),
      wanted_(std::move(wanted)),
      labels_{{"group", group.group()}},
      ready_(metrics.gauge("tandem_group_ready", "1 where the group takes writes", labels_)),
      leader_(metrics.gauge("tandem_leader", "id of the group's leader, 0: none", labels_)),
      open_(metrics.gauge("tandem_leader_open", "1 where the leader answers and takes writes",
                          labels_)),
      epoch_(metrics.gauge("tandem_epoch", "epoch of the group's record", labels_)),
      in_sync_(metrics.gauge("tandem_in_sync", "members of the in-sync set", labels_)),
      in_sync_wanted_(metrics.gauge("tandem_in_sync_wanted",
                                    "members that the in-sync set is to have", labels_)),
      in_flight_(metrics.gauge("tandem_requests_in_flight",
                               "requests to the group without an answer", labels_)),
      elections_(metrics.counter("tandem_elections_total",
                                 "epochs that began while this process watched", labels_)),
      leaderless_(metrics.counter("tandem_leaderless_seconds_total",
                                  "time without a leader that answers", labels_)) {
  metrics.before_text([this] { update(); });
}

void GroupMetrics::update() {
  const Leadership& leadership = group_.leadership();
  const auto& record = leadership.record();
  ready_.set(group_.readiness() ? 1 : 0);
  leader_.set(leadership.leader());
  open_.set(leadership.leader_answers() ? 1 : 0);
  epoch_.set(record ? static_cast<double>(record->epoch) : 0);
  in_sync_.set(record ? static_cast<double>(record->in_sync.size()) : 0);
  in_sync_wanted_.set(static_cast<double>(wanted_()));
  in_flight_.set(static_cast<double>(group_.gateway().in_flight()));
  raise_to(elections_, static_cast<double>(leadership.figures().elections));
  raise_to(leaderless_, static_cast<double>(group_.leaderless_ms()) / 1e3);
}

void GroupMetrics::collect(UniqueFunction<void()> done) {
  const auto told = std::make_shared<std::vector<Told>>();
  ask_replicas(
      group_.replicas(),
      [told](const ReplicaLink& replica, const wire::Json* info) {
        told->push_back({replica.member.id, hex_id(replica.member.session), replica.reads_served,
                         info == nullptr ? std::nullopt : std::optional(*info)});
      },
      [this, told, done = std::move(done)]() mutable {
        show(*told);
        done();
      });
}

void GroupMetrics::show(const std::vector<Told>& all) {
  double newest = 0;
  std::set<repl::ReplicaId> silent;
  if (const auto& record = group_.leadership().record()) {
    for (const repl::Member& member : record->in_sync) silent.insert(member.id);
  }
  std::set<repl::ReplicaId> known = silent;
  for (const Told& told : all) {
    known.insert(told.id);
    if (!told.info) {
      silent.insert(told.id);
      continue;
    }
    silent.erase(told.id);
    newest = std::max(newest, number(*told.info, "last_index").value_or(0));
  }
  for (const auto& [id, shown] : std::map(replicas_)) {
    if (!known.contains(id)) hide(id, true);
  }
  for (const repl::ReplicaId id : silent) {
    hide(id, false);
    set(id, kUp, "1 where the replica answers", 0);
  }
  for (const Told& told : all) {
    if (told.info) show(told, static_cast<int64_t>(newest));
  }
}

void GroupMetrics::show(const Told& told, int64_t newest) {
  const wire::Json& info = *told.info;
  set(told.id, kUp, "1 where the replica answers", 1);
  for (const Figure& figure : kFigures) {
    const auto value = number(info, figure.told);
    if (value) set(told.id, figure.name, figure.help, *value * figure.scale);
  }
  const auto applied = number(info, "applied_index");
  if (applied) {
    set(told.id, "tandem_replica_lag_entries",
        "entries of the furthest log that its tables do not have",
        std::max(0.0, static_cast<double>(newest) - *applied));
  }
  const auto taken_ms = number(info, "snapshot_ms");
  if (taken_ms && *taken_ms > 0) {
    const auto now_ms = static_cast<double>(system_clock().wall_ms());
    set(told.id, "tandem_replica_snapshot_age_seconds", "since its newest snapshot was begun",
        std::max(0.0, now_ms - *taken_ms) / 1e3);
  }
  Shown& shown = replicas_[told.id];
  if (shown.session != told.session) {
    shown.session = told.session;
    shown.counted.clear();
    shown.counted_us = 0;
    shown.counted_reads = 0;
  }
  show_syncs(shown, told);
  show_reads(shown, told);
}

void GroupMetrics::show_reads(Shown& shown, const Told& told) {
  if (!shown.reads) {
    shown.reads = metrics_.counter("tandem_replica_reads_total", "reads that it has answered",
                                   labels_of(told.id));
  }
  if (told.reads < shown.counted_reads) shown.counted_reads = 0;
  shown.reads->add(static_cast<double>(told.reads - shown.counted_reads));
  shown.counted_reads = told.reads;
}

// What was counted since it was asked last; the counts of another life of it begin at 0.
void GroupMetrics::show_syncs(Shown& shown, const Told& told) {
  const wire::Json* fsync = told.info->find("fsync");
  const wire::Json* us = fsync == nullptr ? nullptr : fsync->find("us");
  const wire::Json* total = fsync == nullptr ? nullptr : fsync->find("total_us");
  if (us == nullptr || us->as_array() == nullptr || total == nullptr) return;
  if (total->as_int() == nullptr || us->as_array()->size() > Durations::kBuckets) return;
  shown.counted.resize(Durations::kBuckets);
  std::vector<int64_t> since(Durations::kBuckets);
  for (size_t bucket = 0; bucket < us->as_array()->size(); ++bucket) {
    const int64_t* count = (*us->as_array())[bucket].as_int();
    if (count == nullptr || *count < shown.counted[bucket]) return;
    since[bucket] = *count - shown.counted[bucket];
    shown.counted[bucket] = *count;
  }
  const int64_t took_us = std::max<int64_t>(0, *total->as_int() - shown.counted_us);
  shown.counted_us = *total->as_int();
  if (!shown.syncs) {
    shown.syncs = metrics_.histogram(kSyncs, "how long the syncs of its log took",
                                     daemon::duration_buckets(), labels_of(told.id));
  }
  shown.syncs->add(in_seconds(since), static_cast<double>(took_us) / 1e6);
}

void GroupMetrics::set(repl::ReplicaId id, const std::string& name, const std::string& help,
                       double value) {
  std::map<std::string, daemon::Gauge>& gauges = replicas_[id].gauges;
  auto found = gauges.find(name);
  if (found == gauges.end()) {
    found = gauges.emplace(name, metrics_.gauge(name, help, labels_of(id))).first;
  }
  found->second.set(value);
}

void GroupMetrics::hide(repl::ReplicaId id, bool all) {
  const auto shown = replicas_.find(id);
  if (shown == replicas_.end()) return;
  for (const auto& [name, gauge] : shown->second.gauges) metrics_.remove(name, gauge);
  shown->second.gauges.clear();
  if (!all) return;
  if (shown->second.syncs) metrics_.remove(kSyncs, *shown->second.syncs);
  replicas_.erase(shown);
}

daemon::Labels GroupMetrics::labels_of(repl::ReplicaId id) const {
  daemon::Labels labels = labels_;
  labels.emplace_back("replica", std::to_string(id));
  return labels;
}

}  // namespace tandem::group

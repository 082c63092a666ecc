// What the parts of the protocol core share: who this replica is, the end of its log, the writes
// under way, and where effects are collected. Internal to lib/repl.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "repl/events.h"
#include "repl/message.h"
#include "repl/types.h"

namespace tandem::repl {

// The earliest of some times.
class Deadline {
 public:
  explicit Deadline(int64_t now_ns) : now_ns_(now_ns) {}
  void at(int64_t ns) { ns_ = std::min(ns_, ns); }
  // Where it has passed, what it was for is done, or waits for something else.
  void by(int64_t ns) {
    if (ns > now_ns_) at(ns);
  }
  int64_t ns() const { return ns_; }

 private:
  const int64_t now_ns_;
  int64_t ns_ = INT64_MAX;
};

struct ReplicaOptions {
  Member self;
  uint64_t session = 0;               // random at each start
  size_t max_in_sync = 3;             // further replicas are readers outside the set
  size_t append_bytes = 1 << 20;      // entries of one append message
  size_t in_flight_bytes = 32 << 20;  // sent to one replica and not acknowledged
  size_t chunk_bytes = 256 << 10;     // of a snapshot
  int64_t heartbeat_ns = 50'000'000;
  int64_t silence_ns = 400'000'000;   // a follower that says nothing for so long leaves the set
  int64_t stall_ns = 500'000'000;     // or whose disk does not move while entries wait
  int64_t lease_ns = 150'000'000;     // see tandem-replication(7), leases
  int64_t rejoin_ns = 1'000'000'000;  // one that left for its slowness comes back no sooner
};

constexpr int64_t kNsOfMs = 1'000'000;

struct Context {
  Context(const ReplicaOptions& o, const LogView& l, const SnapshotView& s)
      : options(o), log(l), snapshots(s) {}

  const ReplicaOptions options;
  const LogView& log;
  const SnapshotView& snapshots;

  uint64_t lineage = 0;
  Epoch promise = 0;
  Index last_index = 0;
  Epoch last_epoch = 0;
  int64_t last_time_ms = 0;  // log time of the last entry; 0: no entry has one yet
  // Own clock: when log time was that, to this replica's knowledge. Unknown before the first step.
  std::optional<int64_t> last_time_at_ns;
  Index commit = 0;
  Position mark;  // the highest committed command, as it was written down last
  std::optional<Record> newest_record;  // that was ever seen: here, or in the log
  Index durable_index = 0;              // of the own log

  int64_t now = 0;  // of the step under way, ns
  Effects* out = nullptr;

  Ticket last_ticket = 0;
  Ticket durable_ticket = 0;

  // The highest command that is known to be committed: it may never be cut. What is behind it
  // opened epochs and named sets, and nobody was told of it.
  Position committed() const { return std::max(mark, last_command(commit)); }
  // The last command up to `index`; where the log does not go back so far, where it begins. Nowhere
  // while a snapshot takes the log's place.
  Position last_command(Index index) const {
    if (index == 0 || index + 1 < log.first_index()) return {};
    while (index >= log.first_index() && index > mark.index &&
           log.read(index, 1).front().type != wire::EntryType::kCommand) {
      --index;
    }
    return index == 0 ? Position{} : Position{log.epoch_at(index), index};
  }
  // Whether the own log has this entry, or had it before a snapshot took its place.
  bool holds(const Position& position) const {
    if (position.index < log.first_index()) return position.index <= last_index;
    return position.index <= last_index && log.epoch_at(position.index) == position.epoch;
  }
  // Log time goes on by what this replica's own clock has counted since it learned of the last
  // entry. What passed before that, nobody counts: log time may fall behind, and never runs ahead.
  int64_t log_time_ms() const {
    return last_time_ms + (now - last_time_at_ns.value_or(now)) / kNsOfMs;
  }
  void saw_record(const Record& record) {
    if (!newest_record || newest_record->order() < record.order()) newest_record = record;
  }

  Message make(MessageType type, ReplicaId to, uint64_t to_session) const {
    Message m;
    m.type = type;
    m.lineage = lineage;
    m.epoch = promise;
    m.from = options.self.id;
    m.storage_id = options.self.storage_id;
    m.session = options.session;
    m.to = to;
    m.to_session = to_session;
    return m;
  }

  void send(Message message, Ticket after) {
    out->sends.push_back(Send{after, std::move(message)});
  }

  template <typename What>
  Ticket persist(What what) {
    out->persists.push_back(Persist{++last_ticket, std::move(what)});
    return last_ticket;
  }

  void append(std::vector<wire::Entry> entries) {
    last_index = entries.back().index;
    last_epoch = entries.back().epoch;
    saw_log_time(entries.back().time_ms);
    const Ticket ticket = persist(AppendEntries{std::move(entries)});
    appends_.emplace_back(ticket, last_index);
  }

  void cut(Index from) {
    last_index = from - 1;
    last_epoch = log.epoch_at(from - 1);
    // What is cut may have begun log time, by another wall clock than what is committed. A snapshot
    // has what begins it.
    if (last_index == 0 || last_index >= log.first_index()) {
      last_time_ms = last_index == 0 ? 0 : log.read(last_index, 1).front().time_ms;
      last_time_at_ns = now;
    }
    durable_index = std::min(durable_index, last_index);
    const Ticket ticket = persist(CutLog{from});
    for (auto& [append_ticket, index] : appends_) index = std::min(index, last_index);
    appends_.emplace_back(ticket, last_index);
  }

  void persisted(Ticket ticket) {
    durable_ticket = std::max(durable_ticket, ticket);
    while (!appends_.empty() && appends_.front().first <= ticket) {
      durable_index = appends_.front().second;
      appends_.pop_front();
    }
  }

  // The log was replaced by a snapshot that ends at `index`. As where it is cut, what was in it may
  // have had another time than what is committed.
  void restart_at(Index index, Epoch epoch, int64_t time_ms) {
    last_index = commit = durable_index = index;
    last_epoch = epoch;
    last_time_ms = time_ms;
    last_time_at_ns = now;
    appends_.clear();
  }

  // Of another replica's entry, or of a snapshot: log time is at least that, now. Where it is no
  // news, time goes on from where it was known first.
  void saw_log_time(int64_t time_ms) {
    if (time_ms <= last_time_ms) return;
    last_time_ms = time_ms;
    last_time_at_ns = now;
  }
  // Log time for an entry that is made now. Only whole milliseconds are spent: with thousands of
  // entries a second the rest of each would be lost otherwise, and log time would stand still.
  int64_t take_log_time_ms(int64_t first_ms) {
    if (last_time_ms == 0) {
      saw_log_time(first_ms);
    } else {
      const int64_t time_ms = log_time_ms();
      last_time_at_ns = last_time_at_ns.value_or(now) + (time_ms - last_time_ms) * kNsOfMs;
      last_time_ms = time_ms;
    }
    return last_time_ms;
  }

  void notice(std::string text) { out->notices.push_back(std::move(text)); }

 private:
  std::deque<std::pair<Ticket, Index>> appends_;  // ticket → end of the log once it is durable
};

}  // namespace tandem::repl

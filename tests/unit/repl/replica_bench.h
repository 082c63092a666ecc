// A replica on the bench: its log and snapshot are in memory, its writes are durable when the test
// says so, and its effects are looked at one by one.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "repl/replica.h"

namespace tandem::repl {

constexpr int64_t kMs = 1'000'000;
constexpr uint64_t kLineage = 77;

class MemoryLog final : public LogView {
 public:
  Index base = 0;
  Epoch base_epoch = 0;
  std::vector<wire::Entry> entries;

  Index first_index() const override { return base + 1; }
  Index last_index() const override { return base + entries.size(); }
  Epoch epoch_at(Index index) const override {
    return index == base ? base_epoch : entries.at(index - base - 1).epoch;
  }
  std::vector<wire::Entry> read(Index from, size_t max_bytes) const override {
    std::vector<wire::Entry> some;
    size_t bytes = 0;
    for (Index i = from; i <= last_index(); ++i) {
      bytes += wire::encoded_size(entries.at(i - base - 1));
      if (!some.empty() && bytes > max_bytes) break;
      some.push_back(entries.at(i - base - 1));
    }
    return some;
  }
  // The epochs of the entries, as {1, 1, 2}.
  std::vector<Epoch> epochs() const {
    std::vector<Epoch> all;
    for (const wire::Entry& entry : entries) all.push_back(entry.epoch);
    return all;
  }
};

class MemorySnapshot final : public SnapshotView {
 public:
  Index at = 0;
  Epoch at_epoch = 0;
  std::string bytes;

  Index index() const override { return at; }
  Epoch epoch() const override { return at_epoch; }
  uint64_t size_bytes() const override { return bytes.size(); }
  std::string read(uint64_t offset, size_t max_bytes) const override {
    return bytes.substr(offset, max_bytes);
  }
};

inline wire::Entry entry_at(Index index, Epoch epoch) {
  wire::Entry entry;
  entry.index = index;
  entry.epoch = epoch;
  entry.time_ms = 1000;
  entry.request_id = "key" + std::to_string(index);
  entry.payload = "{}";
  return entry;
}

inline Member member(ReplicaId id) { return Member{id, 100 + id}; }
inline uint64_t session_of(ReplicaId id) { return 1000 + id; }

inline Record record_of(Epoch epoch, uint64_t version, ReplicaId leader,
                        const std::vector<ReplicaId>& in_sync, uint32_t min_in_sync = 1) {
  Record record;
  record.lineage = kLineage;
  record.epoch = epoch;
  record.version = version;
  record.leader = leader;
  record.leader_session = session_of(leader);
  for (const ReplicaId id : in_sync) record.in_sync.push_back(member(id));
  record.min_in_sync = min_in_sync;
  return record;
}

// A message from another replica, or from a controller (id 0).
inline Message message_from(ReplicaId from, MessageType type, Epoch epoch) {
  Message m;
  m.type = type;
  m.lineage = kLineage;
  m.epoch = epoch;
  m.from = from;
  m.storage_id = from == kController ? 0 : member(from).storage_id;
  m.session = from == kController ? 0 : session_of(from);
  return m;
}

// A controller tells the leader of `epoch` that this session is dead for certain.
inline Message proof_of_death(ReplicaId subject, uint64_t session, Epoch epoch) {
  Message m = message_from(kController, MessageType::kSessionDown, epoch);
  m.subject = subject;
  m.subject_session = session;
  m.proven = true;
  return m;
}

class ReplicaBench {
 public:
  // What was on the disk of replica 1: a log with entries of these epochs.
  explicit ReplicaBench(const std::vector<Epoch>& epochs = {}, Epoch promise = 0) {
    options.self = member(1);
    options.session = session_of(1);
    for (const Epoch epoch : epochs) log.entries.push_back(entry_at(log.last_index() + 1, epoch));
    recovered.promise = promise;
    recovered.lineage = promise == 0 ? 0 : kLineage;
    recovered.last_time_ms = epochs.empty() ? 0 : 1000;
  }

  ReplicaOptions options;
  Recovered recovered;
  MemoryLog log;
  MemorySnapshot snapshot;
  Ticket last_ticket = 0;
  int64_t now = 1'000'000 * kMs;

  // Made at the first use, so that a test may change what it starts from.
  Replica& replica() {
    if (!replica_) replica_ = std::make_unique<Replica>(options, recovered, log, snapshot);
    return *replica_;
  }

  // One step; what it wants written is seen in the log at once, but not durable.
  Effects step(Event event) {
    Effects effects;
    replica().step(std::move(event), now, effects);
    for (const Persist& persist : effects.persists) carry_out(persist);
    return effects;
  }
  Effects end_turn() { return step(EndOfTurn{}); }
  Effects tick(int64_t after_ns = 0) {
    now += after_ns;
    return step(Tick{});
  }
  // Time passes while the process runs: it does something every heartbeat.
  void pass(int64_t ns) {
    for (; ns > options.heartbeat_ns; ns -= options.heartbeat_ns) tick(options.heartbeat_ns);
    now += ns;
  }
  Effects receive(Message m) {
    m.to = 1;
    if (m.from != kController) m.to_session = options.session;
    return step(MessageIn{std::move(m)});
  }
  Effects learn(const Record& record) { return step(RecordRead{record}); }
  // A read of the record by this process, begun and done now.
  Effects read_record(const Record& record) { return step(RecordRead{record, now}); }
  void make_durable() { step(Persisted{last_ticket}); }

  // A leader's append from replica 2.
  Effects append(Epoch epoch, Index prev, Epoch prev_epoch, const std::vector<Epoch>& epochs,
                 Index commit = 0) {
    Message m = message_from(2, MessageType::kAppend, epoch);
    m.prev_index = prev;
    m.prev_epoch = prev_epoch;
    m.commit = commit;
    for (const Epoch e : epochs) m.entries.push_back(entry_at(++prev, e));
    return receive(std::move(m));
  }
  // Other replicas speak to this leader.
  Effects hello(ReplicaId from, Epoch epoch, Index last, Epoch last_epoch) {
    Message m = message_from(from, MessageType::kHello, epoch);
    m.hint_index = last;
    m.hint_epoch = last_epoch;
    return receive(std::move(m));
  }
  Effects ack(ReplicaId from, Epoch epoch, Index match) {
    Message m = message_from(from, MessageType::kAppendAck, epoch);
    m.match = match;
    return receive(std::move(m));
  }

 private:
  void carry_out(const Persist& persist) {
    last_ticket = persist.ticket;
    if (const auto* append = std::get_if<AppendEntries>(&persist.what)) {
      log.entries.insert(log.entries.end(), append->entries.begin(), append->entries.end());
    } else if (const auto* cut = std::get_if<CutLog>(&persist.what)) {
      log.entries.resize(cut->from - log.base - 1);
    }
  }

  std::unique_ptr<Replica> replica_;
};

// The messages of one type among the effects.
inline std::vector<Message> sent(const Effects& effects, MessageType type) {
  std::vector<Message> messages;
  for (const Send& send : effects.sends) {
    if (send.message.type == type) messages.push_back(send.message);
  }
  return messages;
}

template <typename What>
std::optional<What> wanted(const Effects& effects) {
  for (const Persist& persist : effects.persists) {
    if (const auto* what = std::get_if<What>(&persist.what)) return *what;
  }
  return std::nullopt;
}

}  // namespace tandem::repl

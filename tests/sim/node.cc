#include "sim/node.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace tandem::sim {
namespace {

constexpr std::string_view kEndOfRows = "#end";

std::string rows_of(const repl::FrozenState& state) {
  std::string rows;
  state.write_rows([&rows](std::string_view row) {
    rows.append(row).push_back('\n');
    return true;
  });
  return rows.append(kEndOfRows);
}

}  // namespace

Node::Node(World& world, repl::ReplicaId id, Answer answer)
    : world_(world),
      id_(id),
      answer_(std::move(answer)),
      disk_(std::make_unique<Disk>(world.new_id())) {
  world_.checks.has_disk(id_, *disk_);
}

// --- life and death ---

void Node::start() {
  CHECK(!up());
  session_ = world_.new_id();
  paused_until_ns_ = 0;
  const repl::Member before = member();
  if (!disk_->recover(world_.new_id())) world_.checks.disk_is_renewed(before);
  const Snapshot& snapshot = disk_->snapshot();
  const Log& log = disk_->log();
  restore(snapshot);
  repl::ReplicaOptions options = world_.plan.replica;
  options.self = member();
  options.session = session_;
  repl::Recovered recovered;
  recovered.lineage = disk_->lineage();
  recovered.promise = disk_->promise();
  recovered.cut_tail = disk_->tail_was_cut();
  recovered.snapshot_index = snapshot.index;
  recovered.last_time_ms =
      log.last_index() > snapshot.index ? log.at(log.last_index()).time_ms : snapshot.time_ms;
  core_ = std::make_unique<repl::Replica>(options, recovered, log, *disk_);
  world_.trace.note("start id last promise:", {id_, log.last_index(), recovered.promise});
  later(0, [this] { tick(); });
  read_record();
}

void Node::crash() {
  CHECK(up());
  core_.reset();
  disk_->crash(world_.random);
  world_.checks.dies(id_, *disk_);
  world_.trace.note("crash id durable promise:",
                    {id_, disk_->durable_log().last_index(), disk_->promise()});
  machine_.reset();
  durable_ = 0;
  held_.clear();
  waiting_.clear();
  incoming_ = {};
  installing_ = syncing_ = turn_open_ = reading_record_ = saving_ = false;
}

void Node::wipe() {
  CHECK(!up());
  world_.trace.note("wipe id:", {id_});
  disk_ = std::make_unique<Disk>(world_.new_id());
  world_.checks.has_disk(id_, *disk_);
}

void Node::pause(int64_t for_ns) {
  world_.trace.note("pause id ms:", {id_, static_cast<uint64_t>(for_ns / kMs)});
  paused_until_ns_ = world_.schedule.now() + for_ns;
}

void Node::later(int64_t delay_ns, UniqueFunction<void()> work) {
  world_.schedule.after(delay_ns, [this, session = session_, work = std::move(work)]() mutable {
    run(session, std::move(work));
  });
}

void Node::run(uint64_t session, UniqueFunction<void()> work) {
  if (!up() || session != session_) return;
  const int64_t paused_ns = paused_until_ns_ - world_.schedule.now();
  if (paused_ns > 0) {
    later(paused_ns, std::move(work));
    return;
  }
  work();
}

// --- the core and its effects ---

void Node::step(repl::Event event) {
  repl::Effects effects;
  core_->step(std::move(event), world_.schedule.now(), effects);
  carry_out(effects);
  if (turn_open_) return;
  turn_open_ = true;
  later(world_.random.between<int64_t>(0, kMs / 4), [this] { end_turn(); });
}

void Node::carry_out(repl::Effects& effects) {
  for (const std::string& notice : effects.notices) {
    world_.trace.note("notice id epoch:", {id_, core_->epoch()});
    world_.trace.say(notice);
  }
  if (effects.stepped_down) {
    waiting_.clear();
    world_.checks.stopped_leading(id_);
  }
  for (repl::Persist& persist : effects.persists) {
    std::visit([&](auto& what) { write(persist.ticket, std::move(what)); }, persist.what);
  }
  if (core_->leading()) world_.checks.leads(id_, session_, core_->epoch(), disk_->log());
  for (repl::Send& send : effects.sends) held_.push_back(std::move(send));
  release_held();
  look_at_commit();
  if (effects.swap) {
    const uint64_t expected = effects.swap->expected_version;
    world_.store.swap(*effects.swap, [this, expected, session = session_](bool applied) {
      swap_done(session, expected, applied);
    });
  }
  if (effects.read_record) read_record();
  if (effects.snapshot_chunk) take_chunk(*effects.snapshot_chunk);
}

void Node::write(repl::Ticket ticket, Disk::What what) {
  if (const auto* cut = std::get_if<repl::CutLog>(&what)) {
    world_.checks.cuts(disk_->log(), cut->from);
  }
  const repl::Index last = disk_->log().last_index();
  const bool appends = std::holds_alternative<repl::AppendEntries>(what);
  disk_->write(ticket, std::move(what));
  if (appends) world_.checks.appended(disk_->log(), last + 1);
  begin_sync();
}

// One fsync at a time; it covers what was written before it began.
void Node::begin_sync() {
  if (syncing_ || disk_->unsynced() == 0) return;
  syncing_ = true;
  const bool slow = !world_.healed && world_.random.chance(world_.plan.slow_sync);
  const int64_t ns = slow ? world_.random.between<int64_t>(kMs, 1000 * kMs)
                          : world_.random.between<int64_t>(kMs / 100, world_.plan.sync_ns);
  later(ns, [this, count = disk_->unsynced()] { synced(count); });
}

void Node::synced(size_t count) {
  syncing_ = false;
  const Disk::Synced synced = disk_->sync(count);
  begin_sync();
  world_.trace.note("synced id ticket:", {id_, synced.ticket});
  if (synced.ticket > durable_) {
    durable_ = synced.ticket;
    release_held();
    step(repl::Persisted{durable_});
  }
  if (synced.log_restarted) {
    installing_ = false;
    step(repl::SnapshotInstalled{disk_->snapshot().index, disk_->snapshot().time_ms});
  }
}

void Node::release_held() {
  std::vector<repl::Send> held = std::exchange(held_, {});
  for (repl::Send& send : held) {
    if (send.after > durable_) {
      held_.push_back(std::move(send));
      continue;
    }
    world_.checks.leaves(send.message, *disk_);
    world_.network.send(send.message);
  }
}

void Node::look_at_commit() {
  const repl::Index commit = core_->commit();
  if (installing_ || commit == seen_commit_) return;
  if (commit < seen_commit_) violated("a commit index goes back");
  if (core_->leading()) {
    world_.checks.leader_commits(core_->epoch(), disk_->log(), seen_commit_, commit);
  } else {
    world_.checks.follower_commits(disk_->log(), seen_commit_, commit);
  }
  seen_commit_ = commit;
}

void Node::receive(const repl::Message& message) {
  if (!up()) return;
  const int64_t paused_ns = std::max<int64_t>(paused_until_ns_ - world_.schedule.now(), 0);
  later(paused_ns, [this, message] {
    if (!installing_) step(repl::MessageIn{message});
  });
}

bool Node::propose(const std::string& key, const std::string& payload) {
  if (!leading() || paused_until_ns_ > world_.schedule.now()) return false;
  step(repl::Propose{world_.wall_ms(), key, payload});
  waiting_[core_->last_index()] = key;
  return true;
}

// --- the record ---

void Node::read_record() {
  if (std::exchange(reading_record_, true)) return;
  world_.store.read([this, session = session_](const std::optional<repl::Record>& record) {
    record_was_read(session, record);
  });
}

void Node::record_was_read(uint64_t session, const std::optional<repl::Record>& record) {
  run(session, [this, record] {
    reading_record_ = false;
    if (record && !installing_) step(repl::RecordRead{record});
  });
}

void Node::swap_done(uint64_t session, uint64_t expected_version, bool applied) {
  run(session, [this, expected_version, applied] {
    step(repl::SwapDone{expected_version, applied});
  });
}

// --- snapshots ---

void Node::take_chunk(const repl::SnapshotChunk& chunk) {
  if (incoming_.index != chunk.index || chunk.offset == 0) {
    incoming_ = Snapshot{chunk.index, chunk.epoch, 0, {}};
  }
  if (chunk.offset != incoming_.rows.size() ||
      (!world_.healed && world_.random.chance(world_.plan.failed_chunk))) {
    incoming_ = {};
    step(repl::SnapshotChunkWritten{chunk.index, 0});
    return;
  }
  incoming_.rows += chunk.data;
  step(repl::SnapshotChunkWritten{chunk.index, incoming_.rows.size()});
  if (incoming_.rows.size() < chunk.total_bytes) return;
  if (chunk.index <= applied_ || chunk.index > world_.checks.committed().size()) {
    violated("a snapshot is installed below what is applied, or beyond what is committed");
  }
  incoming_.time_ms = world_.checks.committed()[chunk.index - 1].time_ms;
  world_.trace.note("install id index:", {id_, chunk.index});
  installing_ = true;
  waiting_.clear();
  disk_->save_snapshot(std::exchange(incoming_, {}));
  restore(disk_->snapshot());
  write(0, RestartLog{disk_->snapshot().index, disk_->snapshot().epoch});
}

void Node::restore(const Snapshot& snapshot) {
  machine_.reset();
  std::string_view rows = snapshot.rows;
  while (snapshot.index > 0 && rows != kEndOfRows) {
    const size_t end = rows.find('\n');
    if (end == std::string_view::npos) violated("a snapshot is incomplete");
    if (!machine_.restore_row(rows.substr(0, end))) violated("a snapshot has a malformed row");
    rows.remove_prefix(end + 1);
  }
  CHECK(machine_.finish_restore());
  applied_ = seen_commit_ = snapshot.index;
  applied_time_ms_ = snapshot.time_ms;
}

void Node::take_snapshot_if_due() {
  const uint32_t every = world_.plan.snapshot_every;
  if (every == 0 || saving_ || installing_ || applied_ < disk_->index() + every) return;
  saving_ = true;
  Snapshot snapshot{applied_, disk_->log().epoch_at(applied_), applied_time_ms_,
                    rows_of(*machine_.freeze())};
  later(world_.random.between<int64_t>(kMs, 100 * kMs),
        [this, snapshot = std::move(snapshot)] { save(snapshot); });
}

void Node::save(const Snapshot& snapshot) {
  saving_ = false;
  if (installing_ || snapshot.index <= disk_->index()) return;  // a later one came in meanwhile
  const repl::Index before = disk_->index();
  disk_->save_snapshot(snapshot);
  const repl::Index keep = world_.random.chance(500) ? snapshot.index : before;
  write(0, DropLog{std::min(keep, core_->pinned_index()) + 1});
  world_.trace.note("snapshot id index first:", {id_, snapshot.index, disk_->log().first_index()});
}

// --- time ---

void Node::end_turn() {
  turn_open_ = true;  // what the step below brings about belongs to this turn
  step(repl::EndOfTurn{});
  turn_open_ = false;
  apply_committed();
  take_snapshot_if_due();
}

void Node::apply_committed() {
  while (applied_ < core_->commit() && !installing_) {
    const wire::Entry& entry = disk_->log().at(++applied_);
    applied_time_ms_ = entry.time_ms;
    if (entry.type != wire::EntryType::kCommand) continue;
    const repl::Applied answer = machine_.apply(entry);
    const auto waiting = waiting_.find(entry.index);
    if (waiting == waiting_.end()) continue;
    if (waiting->second != entry.request_id) violated("a client gets the answer of another");
    world_.checks.acknowledged(entry.request_id, answer);
    answer_(entry.request_id);
    waiting_.erase(waiting);
  }
}

void Node::tick() {
  step(repl::Tick{});
  later(world_.random.between<int64_t>(8 * kMs, 12 * kMs), [this] { tick(); });
}

}  // namespace tandem::sim

#include "sim/node.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "repl/planted.h"

namespace tandem::sim {

using repl::Bug;
using repl::planted;

namespace {

constexpr std::string_view kEndOfRows = "#end";
constexpr int64_t kReadDeadlineNs = 400 * kMs;
constexpr int64_t kMaxOffsetNs = 100'000 * kMs;

std::string rows_of(const repl::FrozenState& state) {
  std::string rows;
  state.write_rows([&rows](std::string_view row) {
    rows.append(row).push_back('\n');
    return true;
  });
  return rows.append(kEndOfRows);
}

}  // namespace

Node::Node(World& world, Network& network, RecordStore& store, repl::ReplicaId id, Reply reply)
    : world_(world),
      network_(network),
      store_(store),
      id_(id),
      clock_ppm_(world.between_ns(-world.plan.clock_ppm, world.plan.clock_ppm)),
      clock_offset_ns_(world.between_ns(0, kMaxOffsetNs)),
      reply_(std::move(reply)),
      disk_(std::make_unique<Disk>(world.new_id())) {
  world_.checks.has_disk(id_, *disk_);
}

// --- life and death ---

void Node::start() {
  if (up()) return;
  session_ = world_.new_id();
  pause_ns_ = paused_until_ns_ = 0;
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
  world_.checks.dies(id_, session_, *disk_);
  world_.trace.note("crash id durable promise:",
                    {id_, disk_->durable_log().last_index(), disk_->promise()});
  life_ = {};
  const bool machine = world_.random.chance(300);
  if (machine) clock_offset_ns_ = world_.between_ns(0, kMaxOffsetNs);
  const int64_t down_ms = world_.random.chance(500) ? 20 : 1500;
  world_.schedule.after(world_.between_ns(kMs, down_ms * kMs), [this] { start(); });
}

void Node::wipe() {
  CHECK(!up());
  world_.trace.note("wipe id:", {id_});
  const uint64_t id = planted(Bug::kKeepIdAfterWipe) ? disk_->storage_id() : world_.new_id();
  disk_ = std::make_unique<Disk>(id);
  world_.checks.has_disk(id_, *disk_);
}

void Node::change_disk() {
  std::swap(disk_, former_disk_);
  world_.trace.note("other disk id:", {id_});
  if (disk_ == nullptr) disk_ = std::make_unique<Disk>(world_.new_id());
  world_.checks.has_disk(id_, *disk_);
}

bool Node::flip_bit() {
  CHECK(!up());
  world_.trace.note("flip id:", {id_});
  return disk_->flip_bit(world_.random, world_.new_id());
}

void Node::pause(int64_t for_ns) {
  world_.trace.note("pause id ms:", {id_, static_cast<uint64_t>(for_ns / kMs)});
  pause_ns_ = for_ns;
}

void Node::heal() {
  pause_ns_ = paused_until_ns_ = full_until_ns_ = 0;
  next_sync_fails_ = false;
  const bool needed = former_disk_ != nullptr &&
                      store_.record().contains(repl::Member{id_, former_disk_->storage_id()});
  if (needed && up()) crash();
  if (needed) change_disk();
  start();
}

void Node::later(int64_t delay_ns, UniqueFunction<void()> work) {
  world_.schedule.after(delay_ns, [this, session = session_, work = std::move(work)]() mutable {
    run(session, std::move(work));
  });
}

void Node::run(uint64_t session, UniqueFunction<void()> work) {
  if (!up() || session != session_) return;
  const int64_t paused_ns = paused_until_ns_ - world_.now();
  if (paused_ns > 0) {
    later(paused_ns + world_.between_ns(0, kMs), std::move(work));
    return;
  }
  work();
  // In the middle of a turn: what comes meanwhile is handled in the same turn.
  if (pause_ns_ > 0) paused_until_ns_ = world_.now() + std::exchange(pause_ns_, 0);
}

// --- the core and its effects ---

void Node::step(repl::Event event) {
  repl::Effects effects;
  core_->set_space(!full());
  core_->step(std::move(event), clock(), effects);
  carry_out(effects);
  if (std::exchange(life_.turn_open, true)) return;
  life_.turn_clock_ns = clock();
  later(world_.between_ns(0, kMs / 4), [this] { end_turn(); });
}

void Node::carry_out(repl::Effects& effects) {
  for (const std::string& notice : effects.notices) {
    world_.trace.note("notice id epoch:", {id_, core_->epoch()});
    world_.trace.say(notice);
  }
  if (effects.stepped_down) {
    life_.commands.clear();
    world_.checks.stopped_leading(id_);
  }
  for (repl::Persist& persist : effects.persists) {
    std::visit([&](auto& what) { write(persist.ticket, std::move(what)); }, persist.what);
  }
  if (core_->leading()) world_.checks.leads(id_, session_, core_->epoch(), disk_->log());
  for (repl::Send& send : effects.sends) life_.held.push_back(std::move(send));
  release_held();
  look_at_commit();
  if (effects.swap) {
    const uint64_t expected = effects.swap->expected_version;
    store_.swap(
        *effects.swap, network_.reaches_store(id_),
        [this, expected, session = session_](bool applied) {
          run(session, [this, expected, applied] { step(repl::SwapDone{expected, applied}); });
        });
  }
  if (effects.read_record) read_record();
  if (effects.snapshot_chunk) take_chunk(*effects.snapshot_chunk);
  for (const repl::Readable& readable : effects.readable) {
    const auto asking = life_.asking.extract(readable.token);
    if (asking) read_at(readable.index, asking.mapped());
  }
}

void Node::write(repl::Ticket ticket, Disk::What what) {
  const repl::Index last = disk_->log().last_index();
  const auto* cut = std::get_if<repl::CutLog>(&what);
  const repl::Index cut_from = cut != nullptr ? cut->from : 0;
  if (cut != nullptr) world_.checks.cuts(member(), disk_->log(), cut_from);
  const bool appends = std::holds_alternative<repl::AppendEntries>(what);
  disk_->write(ticket, std::move(what));
  if (appends) world_.checks.appended(disk_->log(), last + 1);
  if (cut_from != 0) read_again_from(cut_from);
  begin_sync();
}

// One fsync at a time; it covers what was written before it began.
void Node::begin_sync() {
  if (life_.syncing || disk_->unsynced() == 0) return;
  life_.syncing = true;
  const bool slow = world_.strikes(world_.plan.slow_sync);
  const int64_t ns =
      slow ? world_.between_ns(kMs, 1000 * kMs) : world_.between_ns(kMs / 100, world_.plan.sync_ns);
  later(ns, [this, count = disk_->unsynced()] { synced(count); });
}

// What a failed fsync did not write is lost, whatever a second one says: the process ends.
void Node::synced(size_t count) {
  const bool failed = std::exchange(next_sync_fails_, false);
  if (failed && !planted(Bug::kRetryFsync)) {
    crash();
    if (store_.can_do_without(member())) wipe();
    return;
  }
  life_.syncing = false;
  const Disk::Synced synced = disk_->sync(count, failed);
  begin_sync();
  world_.trace.note("synced id ticket:", {id_, synced.ticket});
  if (synced.ticket > life_.durable) {
    life_.durable = synced.ticket;
    release_held();
    step(repl::Persisted{life_.durable});
  }
  if (synced.log_restarted) {
    life_.installing = false;
    step(repl::SnapshotInstalled{disk_->snapshot().index, disk_->snapshot().time_ms});
  }
}

void Node::release_held() {
  std::vector<repl::Send> held = std::exchange(life_.held, {});
  for (repl::Send& send : held) {
    if (send.after > life_.durable && !planted(Bug::kSendBeforeTicket)) {
      life_.held.push_back(std::move(send));
      continue;
    }
    world_.checks.leaves(send.message, *disk_);
    network_.send(send.message);
  }
}

void Node::look_at_commit() {
  const repl::Index commit = core_->commit();
  if (life_.installing || commit == seen_commit_) return;
  if (commit < seen_commit_) violated("a commit index goes back");
  if (core_->leading()) {
    world_.checks.leader_commits(core_->epoch(), disk_->log(), seen_commit_, commit);
  } else {
    world_.checks.follower_commits(disk_->log(), seen_commit_, commit);
  }
  seen_commit_ = commit;
}

void Node::receive(const repl::Message& message) {
  run(session_, [this, message] {
    const bool has_room = message.entries.empty() || !full();
    if (!life_.installing && has_room) step(repl::MessageIn{message});
  });
}

void Node::read_record() {
  if (std::exchange(life_.reading_record, true)) return;
  store_.read(network_.reaches_store(id_),
              [this, session = session_, asked_ns = clock()](
                  bool read, const std::optional<repl::Record>& record) {
                run(session, [this, read, record, asked_ns] {
                  life_.reading_record = false;
                  if (read && !life_.installing) step(repl::RecordRead{record, asked_ns});
                });
              });
}

// --- clients ---

void Node::ask(const Request& request) {
  run(session_, [this, request] {
    if (request.key.empty()) {
      begin_read(request);
    } else if (leading() && !full()) {
      step(repl::Propose{world_.wall_ms(), request.key, request.payload});
      life_.commands[core_->last_index()] = request;
    }
  });
}

void Node::begin_read(const Request& request) {
  if (request.level != history::Level::kLinearizable) {
    const bool waits =
        request.level == history::Level::kSession && !planted(Bug::kIgnoreSessionIndex);
    read_at(waits ? request.floor : 0, request);
    return;
  }
  // Sampled now that the request is here, not when the turn began.
  const bool before = planted(Bug::kClockBeforeRequest) && life_.turn_open;
  const int64_t now_ns = before ? life_.turn_clock_ns : clock();
  if (const auto index = core_->read_index(now_ns)) {
    read_at(*index, request);
    return;
  }
  life_.asking[++life_.last_token] = request;
  step(repl::Read{life_.last_token, now_ns + kReadDeadlineNs});
}

void Node::read_at(repl::Index index, const Request& request) {
  life_.reads.emplace(planted(Bug::kReadWithoutWaiting) ? 0 : index, request);
  answer_reads();
}

void Node::answer_reads() {
  while (!life_.reads.empty() && life_.reads.begin()->first <= applied_) {
    const auto read = life_.reads.extract(life_.reads.begin());
    const Request& request = read.mapped();
    if (applied_ < request.floor) {
      violated(request.level == history::Level::kSession ? "a session goes back"
                                                         : "a linearizable read is too old");
    }
    reply_(request, Answer{{200, ""}, objects_.read(request.object), applied_});
  }
}

// What some reads wait for is in the log no more, and never will be.
void Node::read_again_from(repl::Index cut) {
  std::vector<Request> again;
  while (!life_.reads.empty() && life_.reads.rbegin()->first >= cut) {
    again.push_back(life_.reads.extract(std::prev(life_.reads.end())).mapped());
  }
  for (Request& request : again) {
    later(0, [this, request = std::move(request)] { begin_read(request); });
  }
}

// --- snapshots ---

void Node::take_chunk(const repl::SnapshotChunk& chunk) {
  Snapshot& incoming = life_.incoming;
  if (incoming.index != chunk.index || chunk.offset == 0) {
    incoming = Snapshot{chunk.index, chunk.epoch, 0, {}};
  }
  if (chunk.offset != incoming.rows.size() || full() || world_.strikes(world_.plan.failed_chunk)) {
    incoming = {};
    step(repl::SnapshotChunkWritten{chunk.index, 0});
    return;
  }
  incoming.rows += chunk.data;
  step(repl::SnapshotChunkWritten{chunk.index, incoming.rows.size()});
  if (incoming.rows.size() < chunk.total_bytes) return;
  if (chunk.index <= applied_ || chunk.index > world_.checks.committed().size()) {
    violated("a snapshot is installed below what is applied, or beyond what is committed");
  }
  incoming.time_ms = world_.checks.committed()[chunk.index - 1].time_ms;
  world_.trace.note("install id index:", {id_, chunk.index});
  life_.installing = true;
  life_.commands.clear();
  disk_->save_snapshot(std::exchange(incoming, {}));
  restore(disk_->snapshot());
  write(0, RestartLog{disk_->snapshot().index, disk_->snapshot().epoch});
  read_again_from(applied_ + 1);
  answer_reads();
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
  if (every == 0 || life_.saving || life_.installing || full()) return;
  if (applied_ < disk_->index() + every) return;
  life_.saving = true;
  Snapshot snapshot{applied_, disk_->log().epoch_at(applied_), applied_time_ms_,
                    rows_of(*machine_.freeze())};
  later(world_.between_ns(kMs, 100 * kMs),
        [this, snapshot = std::move(snapshot)] { save(snapshot); });
}

void Node::save(const Snapshot& snapshot) {
  life_.saving = false;
  if (life_.installing || snapshot.index <= disk_->index()) return;  // a later one came meanwhile
  const repl::Index before = disk_->index();
  disk_->save_snapshot(snapshot);
  const repl::Index keep = world_.random.chance(500) ? snapshot.index : before;
  write(0, DropLog{std::min(keep, core_->pinned_index()) + 1});
  world_.trace.note("snapshot id index first:", {id_, snapshot.index, disk_->log().first_index()});
}

// --- time ---

void Node::end_turn() {
  step(repl::EndOfTurn{});  // the turn is still open: what this brings about belongs to it
  life_.turn_open = false;
  apply_committed();
  take_snapshot_if_due();
}

void Node::apply_committed() {
  const repl::Index end = planted(Bug::kApplyUncommitted) ? core_->last_index() : core_->commit();
  while (applied_ < end && !life_.installing) {
    const wire::Entry& entry = disk_->log().at(++applied_);
    world_.checks.applies(entry);
    applied_time_ms_ = entry.time_ms;
    if (entry.type != wire::EntryType::kCommand) continue;
    const repl::Applied applied = machine_.apply(entry);
    const auto command = life_.commands.extract(entry.index);
    if (!command) continue;
    const Request& request = command.mapped();
    if (request.key != entry.request_id) violated("a client gets the answer of another");
    reply_(request, Answer{applied, {}, entry.index});
  }
  answer_reads();
}

void Node::tick() {
  step(repl::Tick{});
  if (network_.reaches_store(id_)) watched_version_ = store_.record().version;
  if (world_.strikes(world_.plan.stale_watch) && !life_.installing) {
    step(repl::RecordRead{store_.stale(watched_version_), 0});
  }
  later(world_.between_ns(8 * kMs, 12 * kMs), [this] { tick(); });
}

}  // namespace tandem::sim

#include "sim/node.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "repl/planted.h"

namespace tandem::sim {

using repl::Bug;

namespace {

constexpr int64_t kReadDeadlineNs = 400 * kMs;

}  // namespace

Node::Node(World& world, Network& network, RecordStore& store, repl::ReplicaId id, MakeProgram make)
    : Process(world.universe, world.plan.clock_ppm),
      world_(world),
      network_(network),
      store_(store),
      id_(id),
      make_program_(std::move(make)),
      disk_(std::make_unique<Disk>(world.new_id())) {
  world_.checks.has_disk(id_, *disk_);
}

// --- life and death ---

void Node::start() {
  if (up()) return;
  begin_life();
  program_ = make_program_(*this);
  machine_ = std::make_unique<repl::ExactlyOnce>(program_->machine());
  const repl::Member before = member();
  if (!disk_->recover(world_.new_id())) world_.checks.disk_is_renewed(before);
  const Snapshot& snapshot = disk_->snapshot();
  const Log& log = disk_->log();
  restore(snapshot);
  repl::ReplicaOptions options = world_.plan.replica;
  options.self = member();
  options.session = session();
  repl::Recovered recovered;
  recovered.lineage = disk_->lineage();
  recovered.promise = disk_->promise();
  recovered.cut_tail = disk_->tail_was_cut();
  recovered.committed = disk_->committed();
  recovered.record = disk_->newest_record();
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
  world_.checks.dies(id_, session(), *disk_);
  world_.trace.note("crash id durable promise:",
                    {id_, disk_->durable_log().last_index(), disk_->promise()});
  life_ = {};
  machine_.reset();
  program_.reset();
  end_life();
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

bool Node::go_back() {
  CHECK(!up());
  if (image_ == nullptr || image_->storage_id() != disk_->storage_id()) {
    image_ = std::make_unique<Disk>(*disk_);
    return false;
  }
  world_.trace.note("disk goes back id last:", {id_, image_->durable_log().last_index()});
  disk_->go_back_to(*image_);
  return true;
}

bool Node::has_seen(const repl::Record& record) const {
  const auto newest = up() ? core_->newest_record() : disk_->newest_record();
  return newest && newest->order() >= record.order();
}

// The process ends; at its next start it sets its data aside.
void Node::begin_anew() {
  crash();
  wipe();
}

bool Node::flip_bit() {
  CHECK(!up());
  world_.trace.note("flip id:", {id_});
  return disk_->flip_bit(world_.random, world_.new_id());
}

void Node::heal() {
  mend();
  start();
}

void Node::mend() {
  stay_awake();
  full_until_ns_ = 0;
  next_sync_fails_ = false;
  const bool needed = former_disk_ != nullptr &&
                      store_.newest().contains(repl::Member{id_, former_disk_->storage_id()});
  if (needed && up()) crash();
  if (needed) change_disk();
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
    world_.checks.stopped_leading(id_);
    auto writers = std::exchange(life_.writers, {});
    for (auto& [index, writer] : writers) writer.done(nullptr, 0);
  }
  for (repl::Persist& persist : effects.persists) {
    std::visit([&](auto& what) { write_disk(persist.ticket, std::move(what)); }, persist.what);
  }
  if (core_->leading()) world_.checks.leads(id_, session(), core_->epoch(), disk_->log());
  if (!acts()) return;
  for (repl::Send& send : effects.sends) life_.held.push_back(std::move(send));
  release_held();
  look_at_commit();
  if (effects.swap) {
    const uint64_t expected = effects.swap->expected_version;
    store_.swap(
        *effects.swap, network_.reaches_store(id_),
        [this, expected, session = session()](bool applied) {
          run(session, [this, expected, applied] { step(repl::SwapDone{expected, applied}); });
        });
  }
  if (effects.read_record) read_record();
  if (effects.snapshot_chunk) take_chunk(*effects.snapshot_chunk);
  if (effects.went_back) {
    world_.trace.say(*effects.went_back);
    later(0, [this] { begin_anew(); });
  }
  for (const repl::Readable& readable : effects.readable) {
    auto asking = life_.asking.extract(readable.token);
    if (asking) read_at(readable.index, std::move(asking.mapped()));
  }
}

void Node::write_disk(repl::Ticket ticket, Disk::What what) {
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
  run(session(), [this, message] {
    const bool has_room = message.entries.empty() || !full();
    if (!life_.installing && has_room) step(repl::MessageIn{message});
  });
}

void Node::read_record() {
  if (std::exchange(life_.reading_record, true)) return;
  store_.read(network_.reaches_store(id_),
              [this, session = session(), asked_ns = clock()](
                  bool read, const std::optional<repl::Record>& record) {
                run(session, [this, read, record, asked_ns] {
                  life_.reading_record = false;
                  if (read && !life_.installing) step(repl::RecordRead{record, asked_ns});
                });
              });
}

// --- what the program wants ---

bool Node::write(const std::string& key, std::string command, Written done, int64_t budget_ns) {
  if (!leading() || full()) return false;
  step(repl::Propose{wall_ms(), key, std::move(command)});
  const repl::Index index = core_->last_index();
  const uint64_t number = ++life_.last_writer;
  life_.writers[index] = Writer{number, key, std::move(done)};
  if (budget_ns > 0) later(budget_ns, [this, index, number] { expire(index, number); });
  return true;
}

void Node::expire(repl::Index index, uint64_t number) {
  const auto it = life_.writers.find(index);
  if (it == life_.writers.end() || it->second.number != number) return;
  Writer writer = std::move(it->second);
  life_.writers.erase(it);
  writer.done(nullptr, 0);
}

void Node::read(Reader reader) {
  if (reader.level != history::Level::kLinearizable) {
    const bool waits =
        reader.level == history::Level::kSession && !planted(Bug::kIgnoreSessionIndex);
    read_at(waits ? reader.floor : 0, std::move(reader));
    return;
  }
  // Sampled now that the request is here, not when the turn began.
  const bool before = planted(Bug::kClockBeforeRequest) && life_.turn_open;
  const int64_t now_ns = before ? life_.turn_clock_ns : clock();
  if (const auto index = core_->read_index(now_ns)) {
    read_at(*index, std::move(reader));
    return;
  }
  life_.asking[++life_.last_token] = std::move(reader);
  step(repl::Read{life_.last_token, now_ns + kReadDeadlineNs});
}

void Node::read_at(repl::Index index, Reader reader) {
  life_.reads.emplace(planted(Bug::kReadWithoutWaiting) ? 0 : index, std::move(reader));
  answer_reads();
}

void Node::answer_reads() {
  while (!life_.reads.empty() && life_.reads.begin()->first <= applied_) {
    auto read = life_.reads.extract(life_.reads.begin());
    Reader& reader = read.mapped();
    if (applied_ < reader.floor) {
      violated(reader.level == history::Level::kSession ? "a session goes back"
                                                        : "a linearizable read is too old");
    }
    reader.done();
  }
}

// What some reads wait for is in the log no more, and never will be.
void Node::read_again_from(repl::Index cut) {
  std::vector<Reader> again;
  while (!life_.reads.empty() && life_.reads.rbegin()->first >= cut) {
    again.push_back(std::move(life_.reads.extract(std::prev(life_.reads.end())).mapped()));
  }
  for (Reader& reader : again) {
    later(0, [this, reader = std::move(reader)]() mutable { read(std::move(reader)); });
  }
}

// --- time ---

void Node::end_turn() {
  step(repl::EndOfTurn{});  // the turn is still open: what this brings about belongs to it
  life_.turn_open = false;
  apply_committed();
  tell_takes_writes();
  take_snapshot_if_due();
}

void Node::tell_takes_writes() {
  const repl::Epoch now = takes_writes() ? core_->epoch() : 0;
  const repl::Epoch before = std::exchange(life_.told_epoch, now);
  if (now == before) return;
  if (before != 0) program_->takes_writes(false);
  if (now != 0) program_->takes_writes(true);
}

void Node::apply_committed() {
  const repl::Index end = planted(Bug::kApplyUncommitted) ? core_->last_index() : core_->commit();
  while (applied_ < end && !life_.installing) {
    const wire::Entry& entry = disk_->log().at(++applied_);
    world_.checks.applies(entry);
    world_.checks.has_log_time(entry, world_.now());
    applied_time_ms_ = entry.time_ms;
    if (entry.type != wire::EntryType::kCommand) {
      machine_->opened(entry);
      continue;
    }
    const repl::Applied applied = machine_->apply(entry);
    program_->applied(entry, applied);
    auto writer = life_.writers.extract(entry.index);
    if (!writer) continue;
    if (writer.mapped().key != entry.request_id) violated("a client gets the answer of another");
    writer.mapped().done(&applied, entry.index);
  }
  answer_reads();
}

// A driver sleeps until the core's next deadline: a tick before it must bring about nothing.
bool Node::sleeps() {
  if (life_.turn_open || clock() >= core_->next_deadline_ns()) return false;
  const repl::Index commit = core_->commit();
  repl::Effects effects;
  core_->step(repl::Tick{}, clock(), effects);
  core_->step(repl::EndOfTurn{}, clock(), effects);
  const bool nothing = effects.persists.empty() && effects.sends.empty() && !effects.swap &&
                       !effects.read_record && !effects.snapshot_chunk &&
                       effects.readable.empty() && effects.notices.empty() &&
                       !effects.stepped_down && core_->commit() == commit;
  if (!nothing) violated("something was due before the core's next deadline");
  return true;
}

void Node::tick() {
  if (!sleeps()) step(repl::Tick{});
  if (network_.reaches_store(id_)) watched_version_ = store_.record().version;
  if (world_.strikes(world_.plan.stale_watch) && !life_.installing) {
    step(repl::RecordRead{store_.stale(watched_version_), 0});
  }
  later(world_.between_ns(8 * kMs, 12 * kMs), [this] { tick(); });
}

}  // namespace tandem::sim

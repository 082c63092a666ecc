// Driver: what happens before the start and around snapshots.
#include <unistd.h>

#include <algorithm>
#include <string>

#include "base/check.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "replica/log_adapter.h"
#include "replica/other_copies.h"
#include "storage/format_check.h"

namespace tandem::replica {
namespace {

constexpr uint64_t kMaxPinnedSnapshots = 8;
constexpr uint64_t kReceiveAgainMs = 1000;

// What another moment mends.
bool passes(const Error& error) {
  return error.kind == ErrorKind::kNoSpace || error.kind == ErrorKind::kExhausted;
}

}  // namespace

Status Driver::open() {
  Status opened = open_directory();
  if (!opened && lock_ != nullptr) mark_if_failed(opened.error());
  return opened;
}

// The mark decides what becomes of this directory, whoever starts a process on it next. Best
// effort: on such a disk it may fail too.
void Driver::mark_if_failed(const Error& error) {
  if (error.kind != ErrorKind::kDiskFailed) return;
  const Status marked = storage::mark_distrusted(options_.directory, {error.message});
  if (!marked) {
    log::error("cannot leave the mark that this disk is distrusted",
               {{"error", marked.error().message}});
  }
}

void Driver::give_up(const Error& error) {
  mark_if_failed(error);
  daemon::die(error);
}

Status Driver::open_directory() {
  // Before anything is touched, the lock's file too.
  const Status known = storage::check_formats(options_.directory);
  if (!known) return known;
  auto lock = storage::Directory::open(options_.directory);
  if (!lock) return fail(lock.error());
  lock_ = std::move(*lock);
  const Status trusted = look_for_distrust();
  if (!trusted) return trusted;

  auto identity = storage::load_identity(options_.directory);
  if (identity && *identity) {
    identity_ = **identity;
  } else {
    if (!identity && identity.error().kind != ErrorKind::kCorrupt) return fail(identity.error());
    if (!identity) {
      log::error("the identity is damaged: this disk joins as a new one",
                 {{"error", identity.error().message}});
    }
    // Without its identity nobody can tell which database the data is of, and entries of another
    // one may look like this one's.
    const auto aside = storage::set_data_aside(
        options_.directory, identity ? "there is no identity beside it" : identity.error().message);
    if (!aside) return fail(aside.error());
    const Status renewed = renew_identity(0);
    if (!renewed) return renewed;
  }
  Status opened = open_log();
  if (opened) opened = restore();
  if (opened) list_set_aside();
  return opened;
}

// The process before this one has left a mark: what is on this disk may not be what was written.
Status Driver::look_for_distrust() {
  const auto mark = storage::distrust_mark(options_.directory);
  if (!mark) return fail(mark.error());
  if (!*mark) return {};
  const std::string& reason = (*mark)->reason;
  const auto identity = storage::load_identity(options_.directory);
  if (identity && *identity && (*identity)->lineage != 0) {
    const repl::Member self{options_.id, (*identity)->storage_id};
    const auto others = others_have_the_data(loop_, coord_, options_.group, self);
    if (!others) return fail(others.error());
    if (!*others) {
      log::error("this disk is distrusted, but nobody else has the data: it is used again",
                 {{"directory", options_.directory}, {"reason", reason}});
      return storage::clear_distrust(options_.directory);
    }
  }
  const auto aside = storage::set_data_aside(options_.directory, reason);
  if (!aside) return fail(aside.error());
  log::error("this disk was distrusted: it joins as a new one",
             {{"directory", options_.directory}, {"reason", reason}});
  return {};
}

// Before anything of it is erased. Once: later in the same start it is as it was left.
Status Driver::keep_as_found(const std::string& reason) {
  if (kept_as_found_) return {};
  const auto aside = storage::copy_data_aside(options_.directory, reason);
  if (!aside) return fail(aside.error());
  kept_as_found_ = true;
  return {};
}

void Driver::list_set_aside() {
  auto list = storage::list_set_aside(options_.directory);
  if (list) set_aside_ = std::move(*list);
}

// What was set aside is of no use once this replica is in sync, and another one with it; but for
// what an operator gave up, which the set need not have.
void Driver::prune_set_aside() {
  const bool enough = core_->in_sync() && core_->record() && core_->record()->in_sync.size() > 1;
  if (!enough || set_aside_.size() <= storage::kKeepSetAside || pruning_) return;
  pruning_ = true;
  std::set<uint64_t> given_up;
  for (const repl::Member& member : core_->record()->given_up) given_up.insert(member.storage_id);
  loop::run_work(
      loop_,
      [directory = options_.directory, lineage = core_->lineage(), given_up = std::move(given_up)] {
        const Status pruned = storage::prune_set_aside(directory, lineage, given_up);
        if (!pruned) log::warning("old data stays set aside", {{"error", pruned.error().message}});
      },
      [self = self_] {
        if (*self == nullptr) return;
        (*self)->list_set_aside();  // pruning_ stays: once in the life of a process will do
      });
}

// From here on this disk is another member, which owes nothing.
Status Driver::renew_identity(uint64_t lineage) {
  auto renewed = storage::renew_identity(options_.directory, lineage);
  if (!renewed) return fail(renewed.error());
  identity_ = *renewed;
  renewed_ = joins_anew_ = true;
  return {};
}

Status Driver::open_log() {
  storage::LogOptions options;
  options.directory = options_.directory;
  options.segment_bytes = options_.segment_bytes;
  options.max_entry_bytes = options_.max_entry_bytes;
  storage::LogHooks hooks;
  hooks.on_durable = [this](storage::Ticket ticket) { on_durable(ticket); };
  hooks.on_failed = [this](const Error& error) { give_up(error); };
  hooks.on_suspect = [this](const std::string& reason) -> Status {
    log::error("acknowledged entries are lost on this disk: it joins as a new one",
               {{"directory", options_.directory}, {"reason", reason}});
    // The rest of the log is used further: where everybody else is lost it is the best there is.
    const Status kept = keep_as_found(reason);
    if (!kept) return kept;
    return renew_identity(identity_.lineage);
  };
  auto log = storage::Log::open(options, loop_, std::move(hooks));
  if (!log) return fail(log.error());
  log_ = std::move(*log);
  log_view_ = std::make_unique<LogAdapter>(*log_);
  const storage::Recovery& recovery = log_->recovery();
  if (recovery.tail_was_torn) {
    log::warning("cut a torn tail of the log",
                 {{"bytes", recovery.cut_bytes}, {"after_index", recovery.cut_after_index}});
  }
  return {};
}

// Whether the snapshot that the log goes on from is gone, or is one that cannot be read.
bool Driver::lacks_snapshot() const {
  const storage::SnapshotHeader header = snapshots_->header();
  if (header.index == 0) return log_->base_index() > 0;
  return snapshots_->any_unreadable() && !storage::log_continues(*log_, header);
}

// Without the snapshot that it goes on from, a log is worth nothing here: another replica's copy is
// installed. All that was here is kept beside it, as nobody may have another.
Status Driver::start_empty() {
  log::error("no good snapshot for the log: this disk joins as a new one, without data",
             {{"directory", options_.directory}, {"first_index", log_->first_index()}});
  const uint64_t lineage = identity_.lineage;
  log_view_.reset();
  log_.reset();
  const auto aside =
      storage::set_data_aside(options_.directory, "there is no good snapshot for the log");
  if (!aside) return fail(aside.error());
  Status done = renew_identity(lineage);
  if (done) done = open_log();
  if (!done) return done;
  snapshots_ = std::make_unique<Snapshots>(loop_, options_.directory);
  return snapshots_->open(machine_);
}

// The newest snapshot, then the log after it as far as the chain of checksums fits. What of the log
// is committed a leader will tell.
Status Driver::restore() {
  snapshots_ = std::make_unique<Snapshots>(loop_, options_.directory);
  const Status opened = snapshots_->open(machine_);
  if (!opened) return opened;
  if (lacks_snapshot()) {
    const Status emptied = start_empty();
    if (!emptied) return emptied;
  }
  const storage::SnapshotHeader header = snapshots_->header();
  if (header.index > 0 && !storage::log_continues(*log_, header)) {
    // A member of the set has the log that its snapshot is of: what is missing was acknowledged. A
    // learner that died between a snapshot of the leader's and the new start of its log gets here
    // too, and loses nothing by another name.
    log::error("the log does not fit the snapshot: it is left out, this disk joins as a new one",
               {{"snapshot_index", header.index},
                {"first_index", log_->first_index()},
                {"last_index", log_->last_index()}});
    const Status kept = keep_as_found("the log does not fit the snapshot");
    if (!kept) return kept;
    const Status renewed = renew_identity(identity_.lineage);
    if (!renewed) return renewed;
    log_->reset(header.index, header.epoch, header.record_crc);
  }
  applied_ = header.index;
  applied_time_ms_ = header.time_ms;

  repl::ReplicaOptions options;
  options.self = repl::Member{options_.id, identity_.storage_id};
  options.session = session_;
  options.max_in_sync = options_.max_in_sync;
  repl::Recovered recovered;
  recovered.lineage = identity_.lineage;
  recovered.promise = log_->recovery().promise;
  recovered.cut_tail = log_->recovery().tail_was_torn;
  recovered.snapshot_index = header.index;
  recovered.last_time_ms = last_log_time();
  // Of a disk that joins as a new one nothing was ever acknowledged.
  if (!renewed_) {
    recovered.committed = {log_->recovery().committed_epoch, log_->recovery().committed_index};
  }
  recovered.record = newest_record();
  recovered.pid = static_cast<uint64_t>(getpid());
  core_ = std::make_unique<repl::Replica>(options, recovered, *log_view_, *snapshots_);
  log::info("recovered", {{"group", options_.group},
                          {"id", options_.id},
                          {"snapshot_index", header.index},
                          {"last_index", log_->last_index()},
                          {"promise", recovered.promise}});
  return {};
}

// The newest record that this disk tells of: in its log, or in the snapshot that the log goes on
// from.
std::optional<repl::Record> Driver::newest_record() const {
  std::optional<repl::Record> newest;
  for (const std::string& text : {snapshots_->header().record, log_->recovery().last_record}) {
    if (text.empty()) continue;
    const auto record = repl::parse_record(text);
    if (!record) {
      log::warning("passed over a record in the log", {{"error", record.error().message}});
    } else if (record->lineage == identity_.lineage &&
               (!newest || newest->order() < record->order())) {
      newest = *record;
    }
  }
  return newest;
}

// This disk is an older image of itself. What it holds is kept, under another name, but it owes
// nothing any more: it made promises that it does not know.
void Driver::begin_anew(const std::string& reason) {
  const Status marked =
      storage::mark_distrusted(options_.directory, {reason, storage::Distrust::Kind::kOld});
  if (!marked) daemon::die(marked.error());
  daemon::die(Error{ErrorKind::kUnavailable,
                    reason + ": the next start sets its data aside and begins anew"});
}

int64_t Driver::last_log_time() const {
  if (log_->last_index() <= applied_) return applied_time_ms_;
  const auto entries = log_view_->read(log_->last_index(), 1);
  return entries.empty() ? applied_time_ms_ : entries.back().time_ms;
}

// --- snapshots of our own ---

void Driver::take_snapshot_if_due() {
  // A large state is written less often: each snapshot costs as much as the state is large, so the
  // cost for a logged byte stays the same, and a restart replays no more than it restores.
  const uint64_t due = std::max(options_.snapshot_log_bytes, snapshots_->size_bytes());
  if (bytes_since_snapshot_ < due || snapshots_->writing()) return;
  // A replica that gets the present one would start over; but the log does not grow for ever.
  if (core_->sends_snapshot() && bytes_since_snapshot_ < kMaxPinnedSnapshots * due) return;
  if (installing_ || long_command_ != nullptr || applied_ <= snapshots_->index()) return;
  storage::SnapshotHeader header;
  header.lineage = identity_.lineage;
  header.group = options_.group;
  header.index = applied_;
  header.epoch = log_->epoch_at(applied_);
  header.record_crc = log_->crc_at(applied_);
  header.time_ms = applied_time_ms_;
  header.created_ms = system_clock().wall_ms();
  if (core_->newest_record()) header.record = repl::to_text(*core_->newest_record());
  bytes_since_snapshot_ = 0;
  const repl::Index before = snapshots_->index();
  const auto done = [this, before, index = header.index](const Status& status) {
    if (!status) {
      // The log goes on holding everything; the next one is tried when as much was logged again.
      log::error("cannot write a snapshot", {{"error", status.error().message}});
      return;
    }
    log::info("wrote a snapshot", {{"index", index}, {"bytes", snapshots_->size_bytes()}});
    // Down to the snapshot before this one, and never what an in-sync member still has to get.
    log_->drop_before(std::min(before, core_->pinned_index()) + 1);
  };
  snapshots_->write(header, machine_.freeze(), machine_.row_checker(), done);
}

// --- a snapshot of the leader's ---

// A chunk that is answered with its own offset is sent again with the next heartbeat: so the leader
// hears that this replica is there and busy, and what comes again finds the snapshot read. Whether
// it is still wanted then the core looks at as with every chunk.
void Driver::take_chunk(const repl::SnapshotChunk& chunk) {
  if (incoming_ != nullptr && incoming_->index() != chunk.index) drop_incoming();
  if (snapshots_->writing() || (incoming_ != nullptr && !incoming_->is_read())) {
    step(repl::SnapshotChunkWritten{chunk.index, chunk.offset});
    return;
  }
  if (incoming_ != nullptr) return install_snapshot(chunk);
  const auto complete =
      snapshots_->receive(chunk.index, chunk.offset, chunk.total_bytes, chunk.data);
  if (!complete) {
    if (passes(complete.error())) return receive_later(chunk.index, complete.error());
    if (complete.error().kind != ErrorKind::kBadInput) give_up(complete.error());
    snapshots_->stop_receiving();
  }
  if (complete && *complete) return read_incoming(chunk);
  step(repl::SnapshotChunkWritten{chunk.index, snapshots_->received_bytes()});
}

void Driver::read_incoming(const repl::SnapshotChunk& last) {
  incoming_ = std::make_shared<Incoming>(snapshots_->take_received(), machine_.make_empty());
  background_.run(
      [this, incoming = incoming_] { incoming->read([this] { return background_.stopping(); }); });
  step(repl::SnapshotChunkWritten{last.index, last.offset});
}

// Freed where nobody waits for that.
void Driver::drop_incoming() {
  incoming_->drop();
  background_.run([incoming = std::exchange(incoming_, nullptr)]() mutable { incoming.reset(); });
}

// No room for it now: what has come is given up, and the leader is asked to begin anew a little
// later.
void Driver::receive_later(repl::Index index, const Error& error) {
  log::warning("cannot receive a snapshot now", {{"error", error.message}});
  snapshots_->stop_receiving();
  receive_again_ = std::make_unique<loop::Timer>(loop_, [this, index] {
    step(repl::SnapshotChunkWritten{index, 0});
  });
  receive_again_->start(kReceiveAgainMs);
}

void Driver::install_snapshot(const repl::SnapshotChunk& last) {
  // What the leader sends it has read back itself: damage was done on the way, or on its disk since
  // then, and then it ends with the next snapshot that it takes.
  Status usable = incoming_->status();
  if (usable) usable = snapshots_->put_in_place(*incoming_);
  if (!usable) {
    drop_incoming();
    if (passes(usable.error())) return receive_later(last.index, usable.error());
    if (usable.error().kind != ErrorKind::kCorrupt) give_up(usable.error());
    log::error("a received snapshot is not usable", {{"error", usable.error().message}});
    step(repl::SnapshotChunkWritten{last.index, 0});  // the leader starts over
    return;
  }
  step(repl::SnapshotChunkWritten{last.index, last.total_bytes});
  const storage::SnapshotHeader header = snapshots_->header();
  CHECK_MSG(header.index > applied_, "a snapshot below what is applied");
  long_command_.reset();  // what it changes is in the snapshot
  machine_.swap_state(incoming_->state());
  drop_incoming();
  applied_ = header.index;
  applied_time_ms_ = header.time_ms;
  bytes_since_snapshot_ = 0;
  // Nothing else of the core may run between the log's restart and the step that tells of it.
  installing_ = Install{log_->reset(header.index, header.epoch, header.record_crc), header.index,
                        header.time_ms};
  readers_.reached(applied_);
  readers_.fail_above(applied_, Error{ErrorKind::kUnavailable, "the log was replaced: ask again"});
}

}  // namespace tandem::replica

// Host: what happens before the start.
#include <unistd.h>

#include <algorithm>
#include <string>

#include "base/check.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "daemon/daemon.h"
#include "replica/host.h"
#include "replica/other_copies.h"
#include "replica/restore.h"
#include "storage/format_check.h"

namespace tandem::replica {
Status Host::open() {
  Status opened = open_directory();
  if (!opened && lock_ != nullptr) mark_if_failed(opened.error());
  return opened;
}

// The mark decides what becomes of this directory, whoever starts a process on it next. Best
// effort: on such a disk it may fail too.
void Host::mark_if_failed(const Error& error) {
  if (error.kind != ErrorKind::kDiskFailed) return;
  const Status marked = storage::mark_distrusted(options_.directory, {error.message});
  if (!marked) {
    log::error("cannot leave the mark that this disk is distrusted",
               {{"error", marked.error().message}});
  }
}

void Host::give_up(const Error& error) {
  mark_if_failed(error);
  daemon::die(error);
}

Status Host::open_directory() {
  // Before anything is touched, the lock's file too.
  const Status known = storage::check_formats(options_.directory);
  if (!known) return known;
  auto lock = storage::Directory::open(options_.directory);
  if (!lock) return fail(lock.error());
  lock_ = std::move(*lock);
  Status settled = settle_restore(loop_, coord_, options_.group, options_.directory);
  if (settled) settled = set_replaced_aside(loop_, coord_, options_.group, options_.directory);
  if (!settled) return settled;
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
  if (opened) opened = open_snapshots();
  if (opened) opened = look_for_snapshot();
  if (!opened) return opened;
  list_set_aside();
  make_driver();
  return {};
}

// The process before this one has left a mark: what is on this disk may not be what was written.
Status Host::look_for_distrust() {
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
Status Host::keep_as_found(const std::string& reason) {
  if (kept_as_found_) return {};
  const auto aside = storage::copy_data_aside(options_.directory, reason);
  if (!aside) return fail(aside.error());
  kept_as_found_ = true;
  return {};
}

void Host::list_set_aside() {
  auto list = storage::list_set_aside(options_.directory);
  if (list) set_aside_ = std::move(*list);
}

// What was set aside is of no use once this replica is in sync, and another one with it; but for
// what an operator gave up, which the set need not have.
void Host::prune_set_aside() {
  const repl::Replica& core = driver_->core();
  const bool enough = core.in_sync() && core.record() && core.record()->in_sync.size() > 1;
  if (!enough || set_aside_.size() <= storage::kKeepSetAside || pruning_) return;
  pruning_ = true;
  std::set<uint64_t> given_up;
  for (const repl::Member& member : core.record()->given_up) given_up.insert(member.storage_id);
  loop::run_work(
      loop_,
      [directory = options_.directory, lineage = core.lineage(), given_up = std::move(given_up)] {
        const Status pruned = storage::prune_set_aside(directory, lineage, given_up);
        if (!pruned) log::warning("old data stays set aside", {{"error", pruned.error().message}});
      },
      [self = self_.ref()] {
        if (!self) return;
        self->list_set_aside();  // pruning_ stays: once in the life of a process will do
      });
}

// From here on this disk is another member, which owes nothing.
Status Host::renew_identity(uint64_t lineage) {
  auto renewed = storage::renew_identity(options_.directory, lineage);
  if (!renewed) return fail(renewed.error());
  identity_ = *renewed;
  renewed_ = true;
  return {};
}

Status Host::open_log() {
  storage::LogOptions options;
  options.directory = options_.directory;
  options.segment_bytes = options_.segment_bytes;
  options.max_entry_bytes = options_.limits.max_entry_bytes;
  storage::LogHooks hooks;
  hooks.on_durable = [this](storage::Ticket ticket) {
    if (driver_ != nullptr) driver_->durable(ticket);
  };
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
  const storage::Recovery& recovery = log_->recovery();
  if (recovery.tail_was_torn) {
    log::warning("cut a torn tail of the log",
                 {{"bytes", recovery.cut_bytes}, {"after_index", recovery.cut_after_index}});
  }
  return {};
}

// Whether the snapshot that the log goes on from is gone, or is one that cannot be read.
bool Host::lacks_snapshot() const {
  const storage::SnapshotHeader header = snapshots_->header();
  if (header.index == 0) return log_->base_index() > 0;
  return snapshots_->any_unreadable() && !storage::log_continues(*log_, header);
}

// Without the snapshot that it goes on from, a log is worth nothing here: another replica's copy is
// installed. All that was here is kept beside it, as nobody may have another.
Status Host::start_empty() {
  log::error("no good snapshot for the log: this disk joins as a new one, without data",
             {{"directory", options_.directory}, {"first_index", log_->first_index()}});
  const uint64_t lineage = identity_.lineage;
  snapshots_->close();
  log_.reset();
  const auto aside =
      storage::set_data_aside(options_.directory, "there is no good snapshot for the log");
  if (!aside) return fail(aside.error());
  Status done = renew_identity(lineage);
  if (done) done = open_log();
  return done ? snapshots_->open() : done;
}

storage::SnapshotHeader Host::header_at(repl::Index index) const {
  storage::SnapshotHeader header;
  header.lineage = identity_.lineage;
  header.group = options_.group;
  header.epoch = log_->epoch_at(index);
  header.record_crc = log_->crc_at(index);
  header.created_ms = system_clock().wall_ms();
  return header;
}

// The picture may have taken its time, in which the log has gone on.
Result<storage::SnapshotHeader> Host::header_of(const repl::Picture& picture) const {
  if (picture.index < log_->base_index() || picture.index > log_->last_index()) {
    return fail(ErrorKind::kUnavailable, "the log does not reach to what was read: ask again");
  }
  return Snapshots::complete(header_at(picture.index), picture, driver_->core().newest_record());
}

Status Host::open_snapshots() {
  snapshots_ = std::make_unique<Snapshots>(
      loop_, options_.directory, [this](repl::Index index) { return header_at(index); },
      [this](const Error& error) { give_up(error); });
  return snapshots_->open();
}

// The newest snapshot, then the log after it as far as the chain of checksums fits. What of the log
// is committed a leader will tell.
Status Host::look_for_snapshot() {
  if (lacks_snapshot()) {
    const Status emptied = start_empty();
    if (!emptied) return emptied;
  }
  if (disk_log_ != nullptr) disk_log_->use(*log_);
  return {};
}

bool Host::log_fits() const {
  const storage::SnapshotHeader header = snapshots_->header();
  return header.index == 0 || storage::log_continues(*log_, header);
}

repl::Origin Host::origin() {
  const storage::SnapshotHeader header = snapshots_->header();
  return {.member = {options_.id, identity_.storage_id},
          .position = {header.epoch, header.index},
          .time_ms = header.time_ms,
          .rows = snapshots_->rows()};
}

bool Host::goes_on_from(const repl::Position& position) const {
  const storage::SnapshotHeader header = snapshots_->header();
  if (position.index == header.index) return position.epoch == header.epoch;
  return log_fits() && position.index >= log_->base_index() &&
         position.index <= log_->last_index() && log_->epoch_at(position.index) == position.epoch;
}

Status Host::set_origin_aside(const Error& why) {
  if (snapshots_->index() == 0) return fail(why);
  const Status aside = snapshots_->set_newest_aside(why);
  return aside ? look_for_snapshot() : aside;
}

Result<repl::Start> Host::settle() {
  const storage::SnapshotHeader header = snapshots_->header();
  if (!log_fits()) {
    // A member of the set has the log that its snapshot is of: what is missing was acknowledged. A
    // learner that died between a snapshot of the leader's and the new start of its log gets here
    // too, and loses nothing by another name.
    log::error("the log does not fit the snapshot: it is left out, this disk joins as a new one",
               {{"snapshot_index", header.index},
                {"first_index", log_->first_index()},
                {"last_index", log_->last_index()}});
    const Status kept = keep_as_found("the log does not fit the snapshot");
    if (!kept) return fail(kept.error());
    const Status renewed = renew_identity(identity_.lineage);
    if (!renewed) return fail(renewed.error());
    log_->reset(header.index, header.epoch, header.record_crc);
  }
  list_set_aside();
  log::info("recovered", {{"group", options_.group},
                          {"id", options_.id},
                          {"snapshot_index", header.index},
                          {"last_index", log_->last_index()},
                          {"promise", log_->recovery().promise}});
  repl::Start start;
  start.options.self = repl::Member{options_.id, identity_.storage_id};
  start.options.session = session_;
  start.options.max_in_sync = options_.max_in_sync;
  start.joins_anew = renewed_;
  repl::Recovered& recovered = start.recovered;
  recovered.lineage = identity_.lineage;
  recovered.promise = log_->recovery().promise;
  recovered.cut_tail = log_->recovery().tail_was_torn;
  recovered.applied = header.index;
  recovered.last_time_ms = last_log_time();
  // Of a disk that joins as a new one nothing was ever acknowledged.
  if (!renewed_) {
    recovered.committed = {log_->recovery().committed_epoch, log_->recovery().committed_index};
  }
  recovered.record = newest_record();
  recovered.pid = static_cast<uint64_t>(getpid());
  return start;
}

void Host::make_driver() {
  disk_log_ = std::make_unique<DiskLog>(
      DiskLog::Options{options_.directory, options_.segment_bytes / 4}, identity_, *snapshots_,
      [this](const Error& error) { give_up(error); });
  disk_log_->use(*log_);
  peers_ = std::make_unique<Peers>(loop_);
  driver_ =
      std::make_unique<repl::Driver>(options_.limits, repl::Surroundings{.clock = system_clock(),
                                                                         .log = *disk_log_,
                                                                         .snapshots = *snapshots_,
                                                                         .recovery = *this,
                                                                         .applier = applier_,
                                                                         .outbox = *this,
                                                                         .record = *this,
                                                                         .alarm = *this,
                                                                         .people = *this});
}

// The newest record that this disk tells of: in its log, or in the snapshot that the log goes on
// from.
std::optional<repl::Record> Host::newest_record() const {
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
void Host::went_back(const std::string& reason) {
  const Status marked =
      storage::mark_distrusted(options_.directory, {reason, storage::Distrust::Kind::kOld});
  if (!marked) daemon::die(marked.error());
  daemon::die(Error{ErrorKind::kUnavailable,
                    reason + ": the next start sets its data aside and begins anew"});
}

int64_t Host::last_log_time() const {
  if (log_->last_index() <= snapshots_->index()) return snapshots_->time_ms();
  const auto entries = disk_log_->read(log_->last_index(), 1);
  return entries.empty() ? snapshots_->time_ms() : entries.back().time_ms;
}

}  // namespace tandem::replica

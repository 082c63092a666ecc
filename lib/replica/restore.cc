#include "replica/restore.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "base/exit_status.h"
#include "base/ids.h"
#include "base/log.h"
#include "consulhost/record_home.h"
#include "daemon/coordination.h"
#include "repl/exactly_once.h"
#include "repl/key_rules.h"
#include "replica/wait_for.h"
#include "storage/directory.h"
#include "storage/format_check.h"
#include "storage/identity.h"
#include "storage/replacement.h"
#include "storage/set_aside.h"
#include "wire/json.h"

namespace tandem::replica {
namespace {

constexpr uint64_t kLargestInMemory = uint64_t{4} << 30;  // bytes of a backup
// Above that there is no room to go on, and programs that read JSON lose digits.
constexpr uint64_t kMaxCounter = uint64_t{1} << 53;

constexpr char kSetAside[] = "the group was restored from a backup";

struct There {
  coord::Versioned found;
  std::optional<repl::Record> record;  // nullopt: there is none, or it is damaged
};

Result<There> read_record(loop::Loop& loop, coord::Coord& coord, const std::string& group,
                          uint64_t timeout_ms = kCoordTimeoutMs) {
  auto found = wait_for<coord::Versioned>(
      loop, [&](auto done) { coord.read_record(group, std::move(done)); }, timeout_ms);
  if (!found) return fail(found.error());
  There there{std::move(*found), std::nullopt};
  if (there.found.version == 0 || !there.found.damage.empty()) return there;
  auto record = repl::parse_record(there.found.text);
  if (record && record->version == there.found.version) {
    there.record = std::move(*record);
  } else if (!record && record.error().kind == ErrorKind::kConfig) {
    return fail(record.error());
  } else {
    there.found.damage =
        "version " + std::to_string(there.found.version) + " of the record is malformed";
  }
  return there;
}

// Nothing is said of what the file is for a directory of a replica: here it is input.
Result<std::unique_ptr<storage::SnapshotReader>> open_backup(const std::string& file) {
  auto reader = storage::SnapshotReader::open(file);
  if (reader || reader.error().kind != ErrorKind::kNotFound) return reader;
  return fail(ErrorKind::kBadInput, reader.error().message);
}

// What rows say of each other, a reference to one that is missing perhaps, shows in the state alone.
Status check_by_restoring(storage::SnapshotReader& reader, const std::string& named,
                          const repl::StateMachine& kind) {
  if (reader.size_bytes() > kLargestInMemory) {
    log::warning("a backup this large is not restored beforehand: its rows are checked one by one",
                 {{"bytes", reader.size_bytes()}});
    return {};
  }
  const auto state = kind.make_empty();
  repl::ExactlyOnce whole(*state);
  whole.reset();
  reader.rewind();
  std::string row;
  for (uint64_t line = 2;; ++line) {
    const Result<bool> more = reader.next_row(row);
    if (!more) return fail(more.error());
    const Status good = *more ? whole.restore_row(row) : whole.finish_restore();
    if (!good) {
      return fail(ErrorKind::kCorrupt, named + "cannot be restored: line " + std::to_string(line) +
                                           ": " + good.error().message);
    }
    if (!*more) return {};
  }
}

// All of the file, as restoring reads it.
Status check_all(storage::SnapshotReader& reader, const std::string& file, const std::string& group,
                 std::unique_ptr<repl::RowChecker> rows, const repl::StateMachine* kind) {
  const storage::SnapshotHeader& header = reader.header();
  const std::string named = "backup '" + file + "' ";
  // What is wrong with a row is of no interest where the bytes are not those that were written.
  if (Status whole = reader.verify([] { return false; }); !whole) return whole;
  if (header.group != group) {
    return fail(ErrorKind::kBadInput,
                named + "is of the group '" + header.group + "', not of '" + group + "'");
  }
  if (header.index == 0 || header.epoch == 0 || header.lineage == 0) {
    return fail(ErrorKind::kCorrupt, named + "is of no state: its index, epoch or lineage is 0");
  }
  if (header.index > kMaxCounter || header.epoch > kMaxCounter) {
    return fail(ErrorKind::kCorrupt, named + "is of no state: its index or epoch is above " +
                                         std::to_string(kMaxCounter));
  }
  const auto checker = repl::key_row_checker(std::move(rows));
  std::string row;
  for (uint64_t line = 2;; ++line) {
    const Result<bool> more = reader.next_row(row);
    if (!more) return fail(more.error());
    const Status good = *more ? checker->check(row) : checker->finish();
    if (!good) {
      return fail(ErrorKind::kCorrupt, named + "cannot be restored: line " + std::to_string(line) +
                                           ": " + good.error().message);
    }
    if (!*more) break;
  }
  return kind == nullptr ? Status() : check_by_restoring(reader, named, *kind);
}

// --- that nobody of the group lives ---

// Takes the lock that makes a process the controller, and keeps it.
Result<std::unique_ptr<coord::Lock>> hold_controllers_lock(loop::Loop& loop, coord::Coord& coord,
                                                           const RestoreOptions& options) {
  bool acquired = false;
  bool late = false;
  coord::LockCallbacks callbacks;
  callbacks.on_acquired = [&] { acquired = true; };
  callbacks.on_lost = [](const Error&) {};
  auto lock = coord.lock(options.group, "active", "a restore", std::move(callbacks));
  loop::Timer deadline(loop, [&late] { late = true; });
  deadline.start(options.patience_ms);
  while (!acquired && !late) loop.run_once();
  if (acquired) return lock;
  lock.reset();
  if (!coord.trouble().empty()) return fail(ErrorKind::kUnavailable, coord.trouble());
  const auto holder = wait_for<std::optional<std::string>>(
      loop, [&](auto done) { coord.lock_holder(options.group, "active", std::move(done)); });
  if (!holder) return fail(holder.error());
  return fail(ErrorKind::kUnavailable, "the controller of the group '" + options.group + "' runs" +
                                           (*holder ? ": " + **holder : std::string()) +
                                           "; stop the system first");
}

Status may_not_run(const coord::Member& member, const RestoreOptions& options, coord::Coord& coord,
                   bool registered) {
  const std::string who =
      "replica " + std::to_string(member.id) + " of the group '" + options.group + "'";
  if (!options.all_are_here && member.host != coord.host_name()) {
    if (!registered) return {};
    return fail(
        ErrorKind::kUnavailable,
        who + " is registered, and may run, on the host '" + member.host +
            "': stop it there; where that host is gone for good, delete its key in Consul, '" +
            options.group + "/members/" + std::to_string(member.id) + "' below the prefix");
  }
  if (member.lock_path.empty()) return {};
  const auto held = consulhost::lock_is_held(member.lock_path);
  if (!held) return fail(held.error());
  if (!*held) return {};
  return fail(ErrorKind::kUnavailable, who + " runs: process " + std::to_string(member.pid) +
                                           " holds '" + member.lock_path +
                                           "'; stop the system first");
}

// Of this host also those that have gone from the registry.
Status no_replica_runs(loop::Loop& loop, coord::Coord& coord, const RestoreOptions& options) {
  using Members = std::vector<coord::Member>;
  for (const bool registered : {true, false}) {
    const auto members = wait_for<Members>(loop, [&](auto done) {
      if (registered) {
        coord.members(options.group, std::move(done));
      } else {
        coord.last_members(options.group, std::move(done));
      }
    });
    if (!members) return fail(members.error());
    for (const coord::Member& member : *members) {
      Status dead = may_not_run(member, options, coord, registered);
      if (!dead) return dead;
    }
  }
  return {};
}

// --- the record ---

// Which lineages the present state comes from, and which others there were: the oldest first, as an
// entry is of the first whose last epoch is not below its own.
void add_replaced(std::vector<repl::Replaced>& all, const repl::Replaced& one) {
  const auto known = std::find_if(all.begin(), all.end(), [&](const repl::Replaced& other) {
    return other.lineage == one.lineage;
  });
  if (known == all.end()) all.push_back(one);
}

// Whether it is what the record is now; nullopt: that cannot be read.
std::optional<bool> is_in_force(loop::Loop& loop, coord::Coord& coord, const std::string& group,
                                uint64_t lineage) {
  const auto there = read_record(loop, coord, group);
  if (!there || !there->found.damage.empty()) return std::nullopt;
  return there->record && there->record->lineage == lineage;
}

// An attempt without an answer may be carried out later, as long as the old version is there. So the
// same is tried again until it has succeeded, or another version is there.
Status swap_record(loop::Loop& loop, coord::Coord& coord, const std::string& group,
                   const There& old, const repl::Record& record) {
  constexpr int kAttempts = 5;
  Error last;
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    const auto outcome = wait_for<coord::SwapOutcome>(loop, [&](auto done) {
      coord.swap_record(group, {old.found.version, old.found.text}, repl::to_text(record),
                        std::move(done));
    });
    if (outcome && *outcome == coord::SwapOutcome::kApplied) return {};
    if (outcome) {
      const auto in_force = is_in_force(loop, coord, group, record.lineage);
      if (in_force && *in_force) return {};
      if (in_force) {
        return fail(ErrorKind::kConflict, "somebody has changed the record of the group '" + group +
                                              "' meanwhile: stop the system first");
      }
      last = {ErrorKind::kUnknown, "the record cannot be read"};
      continue;
    }
    last = outcome.error();
    if (attempt == 1 && coord::nothing_was_done(last.kind) && last.message != kNoAnswer) {
      return fail(last);
    }
  }
  return fail(ErrorKind::kUnknown,
              "whether the record of the group '" + group + "' was changed is not known (" +
                  last.message +
                  "): give the same command again; what starts before has either all of the old "
                  "state or all of the restored one");
}

uint64_t promise_of(const repl::Record* record) { return record == nullptr ? 0 : record->epoch; }

bool is_of(const storage::Identity& identity, const There& there) {
  return there.record && there.record->lineage == identity.lineage;
}

// Whether the change of the record that this replacement waits for could be carried out yet: it is
// one of a version.
bool may_still_come(const storage::Replacement& made, const There& there) {
  const auto record = repl::parse_record(made.record);
  return !record || there.found.version < record->version;
}

// What is done to the directory, whose lock is held.
class Restorer {
 public:
  Restorer(loop::Loop& loop, coord::Coord& coord, const RestoreOptions& options)
      : loop_(loop), coord_(coord), options_(options) {}

  Result<Restored> run(storage::SnapshotReader& reader) {
    Status done = end_earlier();
    if (done) done = there_is_room_aside();
    if (!done) return fail(done.error());
    const auto old = read_record(loop_, coord_, options_.group);
    if (!old) return fail(old.error());
    after("checked");

    const storage::Identity identity{random_id(), random_id()};
    const repl::Record record = record_of(identity, *old, reader.header());
    auto bytes = make(identity, record, reader);
    if (!bytes) return fail(bytes.error());
    after("made");
    done = swap_record(loop_, coord_, options_.group, *old, record);
    if (!done) {
      if (done.error().kind != ErrorKind::kUnknown) {
        static_cast<void>(storage::drop_replacement(options_.directory));
      }
      return fail(done.error());
    }
    after("swapped");
    done = storage::finish_replacement(options_.directory, kSetAside);
    if (!done) return fail(done.error());
    after("finished");
    return Restored{reader.rows(), reader.header().index, *bytes, identity.lineage};
  }

 private:
  void after(const std::string& step) const {
    if (options_.after) options_.after(step);
  }

  // One that was cut short has a record already, and is finished, or must never get one: a change of
  // the record that is still on its way finds another version.
  Status end_earlier() {
    Status done = storage::drop_unfinished_replacement(options_.directory);
    const auto made = storage::replacement_in(options_.directory);
    if (!done || !made) return done ? fail(made.error()) : done;
    if (!*made) return {};
    const auto there = read_record(loop_, coord_, options_.group);
    if (!there) return fail(there.error());
    if ((*made)->counts || is_of((*made)->identity, *there)) {
      return storage::finish_replacement(options_.directory, kSetAside);
    }
    if (there->record && may_still_come(**made, *there)) {
      repl::Record same = *there->record;
      ++same.version;
      done = swap_record(loop_, coord_, options_.group, *there, same);
    }
    return done ? storage::drop_replacement(options_.directory) : done;
  }

  // Once the record is changed there has to be.
  Status there_is_room_aside() const {
    const auto aside = storage::list_set_aside(options_.directory);
    if (!aside) return fail(aside.error());
    if (aside->size() < storage::kMaxSetAside) return {};
    return fail(ErrorKind::kUnavailable, "data was set aside " + std::to_string(aside->size()) +
                                             " times in '" + options_.directory +
                                             "': remove what is not needed first");
  }

  repl::Record record_of(const storage::Identity& identity, const There& old,
                         const storage::SnapshotHeader& header) const {
    const auto seen = header.record.empty() ? std::nullopt : parse(header.record);
    return restored_record({options_.id, identity.storage_id}, identity.lineage, old.found.version,
                           old.record ? &*old.record : nullptr, header, seen ? &*seen : nullptr);
  }

  static std::optional<repl::Record> parse(const std::string& text) {
    auto record = repl::parse_record(text);
    return record ? std::optional(std::move(*record)) : std::nullopt;
  }

  Result<uint64_t> make(const storage::Identity& identity, const repl::Record& record,
                        storage::SnapshotReader& reader) {
    storage::SnapshotHeader header = reader.header();
    header.lineage = identity.lineage;
    header.record = repl::to_text(record);
    header.created_ms = system_clock().wall_ms();
    reader.rewind();
    return storage::make_replacement(options_.directory, identity, header, reader,
                                     {options_.segment_bytes, options_.max_entry_bytes}, loop_);
  }

  loop::Loop& loop_;
  coord::Coord& coord_;
  const RestoreOptions& options_;
};

}  // namespace

repl::Record restored_record(const repl::Member& member, uint64_t lineage, uint64_t old_version,
                             const repl::Record* old, const storage::SnapshotHeader& backup,
                             const repl::Record* seen_by_backup) {
  repl::Record record;
  record.lineage = lineage;
  record.version = old_version + 1;
  record.epoch = std::max({backup.epoch, promise_of(seen_by_backup), promise_of(old)}) + 1;
  record.leader = member.id;
  record.leader_session = random_id();  // of no process: whoever starts has to be chosen
  record.in_sync = {member};
  const repl::Record* like = old != nullptr ? old : seen_by_backup;
  if (like != nullptr) record.min_in_sync = like->min_in_sync;
  // The ancestors of the state first, with their epochs; then what else is in the way of it.
  for (const repl::Record* of : {seen_by_backup, old}) {
    if (of == nullptr || of->lineage != backup.lineage) continue;
    record.replaced = of->replaced;
    break;
  }
  add_replaced(record.replaced, {backup.lineage, backup.epoch});
  if (old != nullptr) {
    for (const repl::Replaced& one : old->replaced) add_replaced(record.replaced, {one.lineage, 0});
    add_replaced(record.replaced, {old->lineage, 0});
  }
  if (record.replaced.size() > repl::Record::kMaxReplaced) {
    record.replaced.erase(record.replaced.begin(),
                          record.replaced.end() - repl::Record::kMaxReplaced);
  }
  return record;
}

Status set_replaced_aside(loop::Loop& loop, coord::Coord& coord, const std::string& group,
                          const std::string& directory) {
  constexpr uint64_t kPatienceMs = 1000;  // a start must not wait for coordination
  const auto identity = storage::load_identity(directory);
  if (!identity || !*identity || (*identity)->lineage == 0) return {};
  const auto there = read_record(loop, coord, group, kPatienceMs);
  if (!there || !there->record || there->record->lineage == (*identity)->lineage) return {};
  if (!there->record->has_replaced((*identity)->lineage)) return {};
  const auto aside = storage::set_data_aside(directory, kSetAside);
  return aside ? Status() : fail(aside.error());
}

Status settle_restore(loop::Loop& loop, coord::Coord& coord, const std::string& group,
                      const std::string& directory) {
  if (Status done = storage::drop_unfinished_replacement(directory); !done) return done;
  const auto made = storage::replacement_in(directory);
  if (!made) return fail(made.error());
  if (!*made) return {};
  There there;
  if (!(*made)->counts) {
    auto read = read_record(loop, coord, group);
    if (!read) return fail(read.error());
    there = std::move(*read);
  }
  if ((*made)->counts || is_of((*made)->identity, there)) {
    log::warning("a restore that was cut short is finished", {{"directory", directory}});
    return storage::finish_replacement(directory, kSetAside);
  }
  if (there.record && !may_still_come(**made, there)) {
    log::warning("a restore that was cut short before it counted is dropped",
                 {{"directory", directory}});
    return storage::drop_replacement(directory);
  }
  const auto identity = storage::load_identity(directory);
  if (there.found.version == 0 && identity && !*identity) {
    return fail(ErrorKind::kUnavailable, "a restore into '" + directory +
                                             "' has not ended: give it again, or remove that "
                                             "directory to begin with an empty one");
  }
  log::warning("a restore that was cut short does not count: the state before it goes on",
               {{"directory", directory}});
  return {};
}

Result<Restored> restore(loop::Loop& loop, coord::Coord& coord, const RestoreOptions& options,
                         std::unique_ptr<repl::RowChecker> checker) {
  const auto reader = open_backup(options.file);
  if (!reader) return fail(reader.error());
  Status may = check_all(**reader, options.file, options.group, std::move(checker), options.kind);
  if (may) may = storage::check_formats(options.directory);
  if (may) may = no_replica_runs(loop, coord, options);
  if (!may) return fail(may.error());
  const auto controller = hold_controllers_lock(loop, coord, options);
  if (!controller) return fail(controller.error());
  const auto locked = storage::Directory::open(options.directory);
  if (!locked) {
    const bool busy = locked.error().kind == ErrorKind::kBusy;
    return fail(busy ? ErrorKind::kUnavailable : locked.error().kind, locked.error().message);
  }
  return Restorer(loop, coord, options).run(**reader);
}

Result<Restored> check_backup(const std::string& file, const std::string& group,
                              std::unique_ptr<repl::RowChecker> checker,
                              const repl::StateMachine* kind) {
  const auto reader = open_backup(file);
  if (!reader) return fail(reader.error());
  const Status good = check_all(**reader, file, group, std::move(checker), kind);
  if (!good) return fail(good.error());
  const storage::SnapshotHeader& header = (*reader)->header();
  return Restored{(*reader)->rows(), header.index, (*reader)->size_bytes(), header.lineage};
}

// --- the modes of a program ---

namespace {

constexpr uint64_t kConsulPatienceMs = 25'000;  // sessions of the dead, twice their TTL

RestoreOptions options_of(const ReplicaConfig& config, const std::string& file) {
  RestoreOptions options;
  options.file = file;
  options.group = config.host.group;
  options.id = config.host.id;
  options.directory = config.host.directory;
  options.segment_bytes = config.host.segment_bytes;
  options.max_entry_bytes = config.host.limits.max_entry_bytes;
  if (config.coord.backend == "local") return options;
  options.all_are_here = false;
  options.patience_ms = kConsulPatienceMs;
  return options;
}

Result<Restored> restore(const RestoreOptions& options, const ReplicaConfig& config,
                         const repl::StateMachine& machine) {
  loop::Loop loop;
  daemon::Coordination coordination{config.coord, loop};
  RestoreOptions all = options;
  all.kind = &machine;
  return restore(loop, coordination.coord(), all, machine.row_checker());
}

}  // namespace

std::vector<daemon::Option> restore_options() {
  return {{.name = "restore",
           .argument = "FILE",
           .help = "put the state of a backup in the place of what the group has, then end"},
          {.name = "check-backup",
           .argument = "FILE",
           .help = "read a backup as --restore would, change nothing, then end"}};
}

void restore_if_asked(const daemon::Daemon& daemon, const ReplicaConfig& config,
                      const repl::StateMachine& machine) {
  const std::string* check = daemon.command_line().value("check-backup");
  const std::string* file = daemon.command_line().value("restore");
  if (check == nullptr && file == nullptr) return;
  const auto done = check != nullptr
                        ? check_backup(*check, config.host.group, machine.row_checker(), &machine)
                        : restore(options_of(config, *file), config, machine);
  if (!done) daemon::die(done.error());
  wire::Json json;
  json.set("group", config.host.group).set("rows", done->rows).set("index", done->index);
  json.set("bytes", done->bytes).set("lineage", hex_id(done->lineage));
  if (check == nullptr) json.set("replica", static_cast<int64_t>(config.host.id));
  const bool told = daemon::write_stdout(json.dump() + "\n");
  std::exit(static_cast<int>(told ? ExitStatus::kOk : ExitStatus::kIo));
}

}  // namespace tandem::replica

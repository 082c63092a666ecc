#include "storage/replacement.h"

#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "storage/disk.h"
#include "storage/format_check.h"
#include "storage/log.h"
#include "storage/set_aside.h"

namespace tandem::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUnfinished = "replacement.tmp";
constexpr std::string_view kComplete = "replacement";
constexpr std::string_view kMovedUp = "replacing";
constexpr std::string_view kIdentity = "identity";

std::string path_of(const std::string& directory, std::string_view name) {
  return directory + "/" + std::string(name);
}

bool is_there(const std::string& path) {
  std::error_code unknown;
  return fs::is_directory(path, unknown);
}

Status remove_all(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return fail_errno("cannot remove '" + path + "'", error.value());
  return {};
}

// Durable.
Status rename_within(const std::string& directory, std::string_view from, std::string_view to) {
  Disk& disk = system_disk();
  const Status renamed = disk.rename(path_of(directory, from), path_of(directory, to));
  return renamed ? disk.sync_directory(directory) : renamed;
}

Result<uint64_t> write_snapshot(const std::string& path, const SnapshotHeader& header,
                                SnapshotReader& rows) {
  auto writer = SnapshotWriter::create(path, header);
  if (!writer) return fail(writer.error());
  std::string row;
  for (Result<bool> more = true;;) {
    more = rows.next_row(row);
    if (!more) return fail(more.error());
    if (!*more || !(*writer)->add_row(row)) break;
  }
  if (Status sealed = (*writer)->seal(); !sealed) return fail(sealed.error());
  const auto written = (*writer)->read_back();
  if (!written) return fail(written.error());
  const Status good = (*written)->verify([] { return false; });
  if (!good) return fail(good.error());
  if (Status finished = (*writer)->finish(); !finished) return fail(finished.error());
  return (*written)->size_bytes();
}

// An empty one that begins where the snapshot ends.
Status write_log(const std::string& path, const SnapshotHeader& header,
                 const ReplacementOptions& options, loop::Loop& loop) {
  LogOptions log_options;
  log_options.directory = path;
  log_options.segment_bytes = options.segment_bytes;
  log_options.max_entry_bytes = options.max_entry_bytes;
  Status status;
  LogHooks hooks;
  hooks.on_durable = [](Ticket) {};
  hooks.on_failed = [&status](const Error& error) { status = fail(error); };
  hooks.on_suspect = [](const std::string& reason) -> Status {
    return fail(ErrorKind::kDiskFailed, reason);
  };
  auto log = Log::open(log_options, loop, std::move(hooks));
  if (!log) return fail(log.error());
  const Ticket ticket = (*log)->reset(header.index, header.epoch, header.record_crc);
  (*log)->flush();
  while (status && (*log)->durable_ticket() < ticket) loop.run_once();
  return status;
}

Result<uint64_t> fill(const std::string& path, const Identity& identity,
                      const SnapshotHeader& header, SnapshotReader& rows,
                      const ReplacementOptions& options, loop::Loop& loop) {
  std::error_code error;
  fs::create_directory(path, error);
  if (error) return fail_errno("cannot create '" + path + "'", error.value());
  const auto bytes = write_snapshot(path, header, rows);
  if (!bytes) return bytes;
  Status written = write_log(path, header, options, loop);
  if (written) written = save_identity(path, identity);
  if (written) written = system_disk().sync_directory(path);
  if (!written) return fail(written.error());
  return bytes;
}

Result<std::string> record_in(const std::string& path) {
  const auto snapshots = list_snapshots(path);
  if (!snapshots) return fail(snapshots.error());
  if (snapshots->empty()) return fail(ErrorKind::kCorrupt, "'" + path + "' has no snapshot");
  const auto reader = SnapshotReader::open(snapshots->front().path);
  if (!reader) return fail(reader.error());
  return (*reader)->header().record;
}

}  // namespace

bool is_replacement_name(const std::string& name) {
  return name == kUnfinished || name == kComplete || name == kMovedUp;
}

bool has_replacement(const std::string& directory) {
  return is_there(path_of(directory, kComplete)) || is_there(path_of(directory, kMovedUp));
}

Result<uint64_t> make_replacement(const std::string& directory, const Identity& identity,
                                  const SnapshotHeader& header, SnapshotReader& rows,
                                  const ReplacementOptions& options, loop::Loop& loop) {
  if (Status dropped = drop_replacement(directory); !dropped) return fail(dropped.error());
  const std::string path = path_of(directory, kUnfinished);
  auto bytes = fill(path, identity, header, rows, options, loop);
  if (bytes) {
    Status named = rename_within(directory, kUnfinished, kComplete);
    if (!named) bytes = fail(named.error());
  }
  if (!bytes) static_cast<void>(drop_replacement(directory));
  return bytes;
}

Result<std::optional<Replacement>> replacement_in(const std::string& directory) {
  for (const bool counts : {true, false}) {
    const std::string path = path_of(directory, counts ? kMovedUp : kComplete);
    if (!is_there(path)) continue;
    if (Status known = check_formats(path); !known) return fail(known.error());
    const auto identity = load_identity(path);
    if (!identity) return fail(identity.error());
    // The last of its files that is moved up.
    if (!*identity && !counts) {
      return fail(ErrorKind::kCorrupt, "'" + path + "' has no identity");
    }
    auto record = counts ? Result<std::string>(std::string()) : record_in(path);
    if (!record) return fail(record.error());
    return Replacement{identity->value_or(Identity{}), std::move(*record), counts};
  }
  return std::nullopt;
}

Status finish_replacement(const std::string& directory, const std::string& reason) {
  Disk& disk = system_disk();
  if (!is_there(path_of(directory, kMovedUp))) {
    const auto aside = set_data_aside(directory, reason);
    if (!aside) return fail(aside.error());
    const Status begun = rename_within(directory, kComplete, kMovedUp);
    if (!begun) return begun;
  }
  const std::string from = path_of(directory, kMovedUp);
  // A directory counts for what its identity says: that comes last.
  for (const bool identity : {false, true}) {
    const auto names = disk.list(from);
    if (!names) return fail(names.error());
    for (const std::string& name : *names) {
      if ((name == kIdentity) != identity) continue;
      const Status moved = disk.rename(path_of(from, name), path_of(directory, name));
      if (!moved) return moved;
    }
    Status synced = disk.sync_directory(directory);
    if (synced) synced = disk.sync_directory(from);
    if (!synced) return synced;
  }
  if (Status removed = remove_all(from); !removed) return removed;
  return disk.sync_directory(directory);
}

Status drop_replacement(const std::string& directory) {
  if (is_there(path_of(directory, kComplete))) {
    // What is left of an earlier one is in the way of the name.
    Status done = remove_all(path_of(directory, kUnfinished));
    if (done) done = rename_within(directory, kComplete, kUnfinished);
    if (!done) return done;
  }
  return drop_unfinished_replacement(directory);
}

Status drop_unfinished_replacement(const std::string& directory) {
  return remove_all(path_of(directory, kUnfinished));
}

}  // namespace tandem::storage

#include "store/state_files.h"

#include <algorithm>

#include "loop/loop.h"
#include "repl/exactly_once.h"
#include "replica/snapshots.h"
#include "storage/log.h"

namespace tandem::torture::store {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;

Status apply_log(const storage::Log& log, uint64_t from, uint64_t last,
                 repl::StateMachine& machine) {
  std::vector<wire::Entry> entries;
  for (uint64_t next = from; next <= last; next = entries.back().index + 1) {
    entries.clear();
    const Status read = log.read(next, kReadBytes, entries);
    if (!read) return read;
    for (const wire::Entry& entry : entries) {
      if (entry.index <= last && entry.type == wire::EntryType::kCommand) machine.apply(entry);
    }
  }
  return {};
}

Result<DiskState> read_in(loop::Loop& loop, const std::string& directory,
                          repl::StateMachine& machine, uint64_t index) {
  storage::LogHooks hooks;
  hooks.on_durable = [](storage::Ticket) {};
  hooks.on_failed = [](const Error&) {};
  hooks.on_suspect = [](const std::string& reason) -> Status {
    return fail(ErrorKind::kCorrupt, reason);
  };
  storage::LogOptions options;
  options.directory = directory;
  const auto log = storage::Log::open(options, loop, std::move(hooks));
  if (!log) return fail(log.error());
  replica::Snapshots snapshots(loop, directory, {}, {});
  repl::ExactlyOnce once(machine);
  Status done = snapshots.open();
  if (!done) return fail(done.error());
  once.reset();
  if (snapshots.index() != 0) {
    done = snapshots.rows()->for_each([&](std::string_view row) { return once.restore_row(row); });
  }
  if (done) done = once.finish_restore();
  if (!done) return fail(done.error());
  DiskState state;
  const uint64_t snapshot = snapshots.header().index;
  if (snapshot > index) return fail(ErrorKind::kCorrupt, "the snapshot is of a later index");
  if ((*log)->base_index() > snapshot) return fail(ErrorKind::kCorrupt, "no snapshot for the log");
  state.index = std::max(snapshot, std::min(index, (*log)->last_index()));
  done = apply_log(**log, snapshot + 1, state.index, once);
  if (!done) return fail(done.error());
  once.freeze()->write_rows([&](std::string_view row) {
    state.rows.emplace_back(row);
    return true;
  });
  return state;
}

}  // namespace

Result<DiskState> read_disk(const std::string& directory, repl::StateMachine& machine,
                            uint64_t index) {
  loop::Loop loop;
  auto state = read_in(loop, directory, machine, index);
  loop.run();  // what libuv has yet to close
  return state;
}

}  // namespace tandem::torture::store

#include "storage/log_files.h"

#include "base/log.h"
#include "storage/log_format.h"
#include "storage/segment_maker.h"
#include "storage/writer.h"

namespace tandem::storage {
namespace {

class Opener {
 public:
  Opener(Disk& disk, const std::string& directory, uint64_t segment_bytes, LogFiles& files)
      : disk_(disk),
        directory_(directory),
        segment_bytes_(segment_bytes),
        files_(files),
        log_(files.log) {}

  Status run() {
    if (Status s = remove_leftovers(); !s) return s;
    if (log_.segments.empty()) return make_anew();
    if (Status s = open_promise_file(); !s) return s;
    if (Status s = remove_segments(); !s) return s;
    for (RecoveredSegment& segment : log_.segments) {
      if (Status s = repair(segment); !s) return s;
    }
    return save_state();
  }

 private:
  Status remove_leftovers() {
    const auto names = disk_.list(directory_);
    if (!names) return fail(names.error());
    for (const std::string& name : *names) {
      if (!is_next_segment_name(name)) continue;
      if (Status s = remove_file(disk_, directory_, name); !s) return s;
    }
    return {};
  }

  // An empty log: a new directory, a reset that was under way, or one that lost everything.
  Status make_anew() {
    if (log_.promise.pending != PendingChange::kReset) {
      log_.promise.pending = PendingChange::kReset;
      log_.promise.pending_index = 0;
      log_.promise.pending_epoch = 0;
      log_.promise.pending_chain = 0;
      log_.promise.synced_index = 0;
    }
    // The intent before the first segment: without it, a directory that has a promise and no
    // segment has lost its log.
    if (Status s = open_promise_file(); !s) return s;
    if (Status s = remove_segments(); !s) return s;
    const SegmentHeader header{segment_bytes_, log_.promise.pending_index + 1,
                               log_.promise.pending_epoch, log_.promise.pending_chain};
    PreparedSegment prepared;
    prepared.path = directory_ + "/" + next_segment_name(0);
    auto file = disk_.open(prepared.path, OpenMode::kReplace);
    if (!file) return fail(file.error());
    prepared.file = std::move(*file);
    Status status = write_zeros(*prepared.file, 0, segment_bytes_);
    if (status) status = Writer::install(disk_, directory_, prepared, header);
    if (!status) {
      // Best effort: gives the space of a half-made file back.
      static_cast<void>(disk_.remove(prepared.path));
      return status;
    }
    files_.segment = std::move(prepared.file);
    RecoveredSegment segment;
    segment.first_index = header.first_index;
    segment.chain_before = header.chain_before;
    segment.epoch_before = header.epoch_before;
    segment.size_bytes = header.size;
    segment.end_offset = kSegmentHeaderBytes;
    segment.dirty_end = kSegmentHeaderBytes;
    log_.segments.push_back(std::move(segment));
    return save_state();
  }

  Status open_promise_file() {
    if (log_.promise_sequence == 0) {
      if (Status s = PromiseFile::create(disk_, directory_, log_.promise); !s) return s;
      log_.promise_sequence = 2;
    }
    auto file = PromiseFile::open(disk_, directory_, log_.promise_sequence);
    if (!file) return fail(file.error());
    files_.promise_file = std::move(*file);
    if (log_.promise.pending != PendingChange::kReset) return {};
    return files_.promise_file->write(log_.promise);
  }

  // The newest first: what is left after a crash is a log without a gap, which is judged the same.
  Status remove_segments() {
    for (auto name = log_.remove.rbegin(); name != log_.remove.rend(); ++name) {
      if (Status s = remove_file(disk_, directory_, *name); !s) return s;
      if (Status s = disk_.sync_directory(directory_); !s) return s;
    }
    log_.remove.clear();
    return {};
  }

  // Erases what is behind the end and makes sure of the rest: what a killed process wrote can be
  // read before it is on disk.
  Status repair(RecoveredSegment& segment) {
    auto file =
        disk_.open(directory_ + "/" + segment_name(segment.first_index), OpenMode::kReadWrite);
    if (!file) return fail(file.error());
    if (segment.short_file) {
      const Result<uint64_t> size = (*file)->size();
      if (!size) return fail(size.error());
      if (Status s = write_zeros(**file, *size, segment.size_bytes); !s) return s;
    }
    if (Status s = write_zeros(**file, segment.end_offset, segment.dirty_end); !s) return s;
    if (Status s = (*file)->sync(); !s) return s;
    segment.dirty_end = segment.end_offset;
    segment.short_file = false;
    files_.segment = std::move(*file);
    return {};
  }

  Status save_state() {
    const RecoveredSegment& last = log_.segments.back();
    PromiseState& state = log_.promise;
    state.pending = PendingChange::kNone;
    state.pending_index = 0;
    state.pending_epoch = 0;
    state.pending_chain = 0;
    state.synced_index = last.first_index + last.offsets.size() - 1;
    return files_.promise_file->write_both(state);
  }

  Disk& disk_;
  const std::string& directory_;
  uint64_t segment_bytes_;
  LogFiles& files_;
  RecoveredLog& log_;
};

void report(const Recovery& recovery) {
  if (recovery.suspect) {
    log::error("the log lost entries that were durable: this storage is another member from now on",
               {{"reason", recovery.suspect_reason}, {"kept_up_to", recovery.cut_after_index}});
  } else if (recovery.tail_was_torn) {
    log::warning("cut a torn tail off the log",
                 {{"bytes", recovery.cut_bytes}, {"kept_up_to", recovery.cut_after_index}});
  }
}

}  // namespace

Result<LogFiles> open_log_files(Disk& disk, const std::string& directory, uint64_t segment_bytes,
                                size_t max_entry_bytes,
                                UniqueFunction<Status(const std::string&)>& on_suspect) {
  Result<RecoveredLog> recovered = recover_log(disk, directory, max_entry_bytes);
  if (!recovered) return fail(recovered.error());
  LogFiles files;
  files.log = std::move(*recovered);
  report(files.log.recovery);
  if (files.log.recovery.suspect && on_suspect) {
    if (Status s = on_suspect(files.log.recovery.suspect_reason); !s) return fail(s.error());
  }
  if (Status s = Opener(disk, directory, segment_bytes, files).run(); !s) return fail(s.error());
  return files;
}

}  // namespace tandem::storage

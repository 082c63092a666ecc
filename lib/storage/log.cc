#include "storage/log.h"

#include <algorithm>

#include "base/check.h"
#include "storage/cache.h"
#include "storage/log_files.h"
#include "storage/log_format.h"
#include "storage/segment_maker.h"
#include "storage/writer.h"
#include "wire/bytes.h"

namespace tandem::storage {

struct Log::Segment {
  SegmentHeader header;
  uint64_t end_offset = kSegmentHeaderBytes;
  std::vector<uint32_t> offsets{};         // of each record
  std::vector<uint32_t> chains{};          // after each record
  mutable std::unique_ptr<File> reader{};  // opened by the first read

  uint64_t next_index() const { return header.first_index + offsets.size(); }
  uint32_t chain() const { return chains.empty() ? header.chain_before : chains.back(); }
};

namespace {

Status check_options(const LogOptions& options) {
  if (options.segment_bytes > (uint64_t{1} << 31)) {
    return fail(ErrorKind::kConfig, "a log segment of more than 2 GiB");
  }
  if (options.segment_bytes < kSegmentHeaderBytes + record_bytes(options.max_entry_bytes)) {
    return fail(ErrorKind::kConfig, "a log segment of " + std::to_string(options.segment_bytes) +
                                        " bytes cannot hold an entry of " +
                                        std::to_string(options.max_entry_bytes));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Log>> Log::open(const LogOptions& options, loop::Loop& loop, LogHooks hooks,
                                       Disk& disk) {
  if (Status fits = check_options(options); !fits) return fail(fits.error());
  // NOLINTNEXTLINE: the constructor is private
  std::unique_ptr<Log> log(new Log(options, loop, std::move(hooks), disk));
  if (Status started = log->start(); !started) return fail(started.error());
  return log;
}

Log::Log(const LogOptions& options, loop::Loop& loop, LogHooks hooks, Disk& disk)
    : options_(options),
      hooks_(std::move(hooks)),
      disk_(disk),
      cache_(std::make_unique<EntryCache>(options.cache_bytes)),
      maker_(std::make_unique<SegmentMaker>(disk, options.directory, options.segment_bytes,
                                            options.space_retry_ms)),
      writer_(std::make_unique<Writer>(disk, options.directory, *maker_)),
      waker_(loop, [this] { on_published(); }),
      before_poll_(loop, [this] { flush(); }),
      not_flushed_(loop, [] {}) {}

Log::~Log() {
  if (segments_.empty()) return;  // open() failed
  writer_->add(CloseLog{last_index()});
  writer_->hand_over(last_ticket_);
  // Joins the thread here, while the waker that it uses is still there.
  writer_.reset();
}

Status Log::start() {
  Result<LogFiles> files = open_log_files(disk_, options_.directory, options_.segment_bytes,
                                          options_.max_entry_bytes, hooks_.on_suspect);
  if (!files) return fail(files.error());
  recovery_ = files->log.recovery;
  adopt(files->log);
  writer_->use(std::move(files->segment), std::move(files->promise_file), files->log.promise);
  writer_->start([this] { waker_.wake(); });
  request_segment();
  return {};
}

void Log::adopt(const RecoveredLog& recovered) {
  const RecoveredSegment& front = recovered.segments.front();
  epochs_.push_back({front.first_index - 1, front.epoch_before});
  for (const RecoveredSegment& from : recovered.segments) {
    segments_.push_back(
        Segment{{from.size_bytes, from.first_index, from.epoch_before, from.chain_before},
                from.end_offset,
                from.offsets,
                from.chains});
    for (size_t i = 0; i < from.epochs.size(); ++i) {
      if (from.epochs[i] != epochs_.back().epoch) {
        epochs_.push_back({from.first_index + i, from.epochs[i]});
      }
    }
  }
  durable_index_ = last_index();
}

uint64_t Log::first_index() const { return segments_.front().header.first_index; }
uint64_t Log::last_index() const { return segments_.back().next_index() - 1; }

uint64_t Log::epoch_at(uint64_t index) const {
  CHECK(index >= base_index() && index <= last_index());
  if (index >= epochs_.back().first_index) return epochs_.back().epoch;
  const auto after =
      std::upper_bound(epochs_.begin(), epochs_.end(), index,
                       [](uint64_t i, const EpochRun& run) { return i < run.first_index; });
  return std::prev(after)->epoch;
}

const Log::Segment& Log::segment_of(uint64_t index) const {
  const auto after =
      std::upper_bound(segments_.begin(), segments_.end(), index,
                       [](uint64_t i, const Segment& s) { return i < s.header.first_index; });
  return *std::prev(after);
}

uint32_t Log::crc_at(uint64_t index) const {
  CHECK(index >= base_index() && index <= last_index());
  if (index == base_index()) return segments_.front().header.chain_before;
  const Segment& segment = segment_of(index);
  return segment.chains[index - segment.header.first_index];
}

// --- reading ---

Status Log::read(uint64_t from, size_t max_bytes, std::vector<wire::Entry>& out) const {
  CHECK(from >= first_index());
  const uint64_t end = last_index() + 1;
  size_t used = 0;
  while (from < end) {
    if (cache_->has(from)) {
      const wire::Entry& entry = cache_->at(from);
      const size_t size = wire::encoded_size(entry);
      if (used > 0 && used + size > max_bytes) return {};
      used += size;
      out.push_back(entry);
      ++from;
      continue;
    }
    const size_t before = out.size();
    const uint64_t until = cache_->empty() ? end : cache_->first_index();
    if (Status status = read_from_disk(from, until, max_bytes, used, out); !status) return status;
    if (out.size() == before) return {};  // no room for another one
    from += out.size() - before;
  }
  return {};
}

// From one segment, with one read.
Status Log::read_from_disk(uint64_t from, uint64_t end, size_t max_bytes, size_t& used,
                           std::vector<wire::Entry>& out) const {
  const Segment& segment = segment_of(from);
  const std::string path = options_.directory + "/" + segment_name(segment.header.first_index);
  if (segment.reader == nullptr) {
    auto file = disk_.open(path, OpenMode::kRead);
    if (!file) return fail(file.error());
    segment.reader = std::move(*file);
  }
  const auto start_of = [&segment](uint64_t index) -> uint64_t {
    return index < segment.next_index() ? segment.offsets[index - segment.header.first_index]
                                        : segment.end_offset;
  };
  end = std::min(end, segment.next_index());
  uint64_t stop = from;
  while (stop < end) {
    const uint64_t bytes = start_of(stop + 1) - start_of(stop);
    if (used > 0 && used + bytes > max_bytes) break;
    used += bytes;
    ++stop;
  }
  std::string bytes;
  const uint64_t start = start_of(from);
  if (Status s = segment.reader->read_at(start, start_of(stop) - start, bytes); !s) return s;
  for (uint64_t index = from; index < stop; ++index) {
    RecordView record;
    wire::Entry entry;
    const uint64_t at = std::min<uint64_t>(start_of(index) - start, bytes.size());
    const bool good =
        parse_record(std::string_view(bytes).substr(at), options_.max_entry_bytes, record);
    wire::ByteReader reader(good ? record.entry : std::string_view());
    if (!wire::decode_entry(reader, entry) || entry.index != index) {
      return fail(ErrorKind::kCorrupt, "entry " + std::to_string(index) + " in '" + path +
                                           "' is damaged: the disk lost what it had");
    }
    out.push_back(std::move(entry));
  }
  return {};
}

// --- writing ---

Ticket Log::queued() {
  not_flushed_.start();
  return ++last_ticket_;
}

void Log::flush() {
  if (handed_over_ == last_ticket_) return;
  handed_over_ = last_ticket_;
  not_flushed_.stop();
  if (!failed_) writer_->hand_over(last_ticket_);
}

Ticket Log::append(std::span<const wire::Entry> entries) {
  for (const wire::Entry& entry : entries) append_one(entry);
  const Ticket ticket = queued();
  pending_.push_back({ticket, last_index()});
  return ticket;
}

void Log::append_one(const wire::Entry& entry) {
  const size_t size = wire::encoded_size(entry);
  CHECK(entry.index == last_index() + 1);
  CHECK(entry.epoch >= epochs_.back().epoch);
  CHECK(size <= options_.max_entry_bytes);
  if (segments_.back().end_offset + record_bytes(size) > segments_.back().header.size) {
    roll_segment();
  }
  Segment& segment = segments_.back();
  if (entry.epoch != epochs_.back().epoch) epochs_.push_back({entry.index, entry.epoch});
  std::string& out = writer_->records_at(segment.end_offset);
  const uint32_t chain = append_record(entry, segment.chain(), durable_index_, out);
  segment.offsets.push_back(static_cast<uint32_t>(segment.end_offset));
  segment.chains.push_back(chain);
  segment.end_offset += record_bytes(size);
  cache_->push(entry);
  request_segment();
}

// Asks for the next segment once this one is half full.
void Log::request_segment() {
  const Segment& segment = segments_.back();
  const uint64_t used = segment.end_offset - kSegmentHeaderBytes;
  if (next_requested_ || used < (segment.header.size - kSegmentHeaderBytes) / 2) return;
  next_requested_ = true;
  maker_->request();
}

void Log::roll_segment() {
  const Segment& last = segments_.back();
  if (!next_requested_) maker_->request();
  next_requested_ = false;
  const SegmentHeader header{options_.segment_bytes, last.next_index(), epochs_.back().epoch,
                             last.chain()};
  writer_->add(NewSegment{header});
  segments_.push_back(Segment{header});
}

Ticket Log::cut(uint64_t from_index) {
  CHECK(from_index >= first_index());
  if (from_index > last_index()) return queued();
  CutSegments op;
  while (segments_.back().header.first_index > from_index) {
    op.remove.insert(op.remove.begin(), segments_.back().header.first_index);
    segments_.pop_back();
  }
  Segment& segment = segments_.back();
  const size_t keep = from_index - segment.header.first_index;
  op.from_index = from_index;
  op.segment = segment.header.first_index;
  op.erase_to = segment.end_offset;
  if (keep < segment.offsets.size()) segment.end_offset = segment.offsets[keep];
  op.erase_from = segment.end_offset;
  segment.offsets.resize(keep);
  segment.chains.resize(keep);

  while (epochs_.back().first_index >= from_index) epochs_.pop_back();
  cache_->cut(from_index);
  durable_index_ = std::min(durable_index_, from_index - 1);
  for (PendingAppend& pending : pending_) {
    pending.last_index = std::min(pending.last_index, from_index - 1);
  }
  op.synced_index = durable_index_;
  writer_->add(std::move(op));
  return queued();
}

Ticket Log::reset(uint64_t base_index, uint64_t base_epoch, uint32_t base_crc) {
  ResetSegments op;
  for (const Segment& segment : segments_) op.remove.push_back(segment.header.first_index);
  op.header = {options_.segment_bytes, base_index + 1, base_epoch, base_crc};
  if (!next_requested_) maker_->request();
  next_requested_ = false;
  segments_.clear();
  segments_.push_back(Segment{op.header});
  epochs_.assign(1, {base_index, base_epoch});
  cache_->clear();
  durable_index_ = base_index;  // in the snapshot
  for (PendingAppend& pending : pending_) pending.last_index = base_index;
  writer_->add(std::move(op));
  return queued();
}

Ticket Log::save_promise(uint64_t epoch) {
  writer_->add(WritePromise{epoch, durable_index_});
  return queued();
}

Ticket Log::save_committed(uint64_t epoch, uint64_t index) {
  writer_->add(WriteCommitted{epoch, index, durable_index_});
  return queued();
}

Ticket Log::save(UniqueFunction<Status()> write) {
  writer_->add(OtherWrite{std::move(write)});
  return queued();
}

void Log::drop_before(uint64_t index) {
  DropSegments op;
  // A segment is dropped only once it is durable as a whole: its last entry may still be on its
  // way.
  const uint64_t limit = std::min(index, durable_index_ + 1);
  size_t count = 0;
  while (count + 1 < segments_.size() && segments_[count].next_index() <= limit) {
    op.remove.push_back(segments_[count].header.first_index);
    ++count;
  }
  if (count == 0) return;
  segments_.erase(segments_.begin(), segments_.begin() + static_cast<ptrdiff_t>(count));
  const uint64_t base = base_index();
  while (epochs_.size() > 1 && epochs_[1].first_index <= base) epochs_.pop_front();
  epochs_.front().first_index = base;
  writer_->add(std::move(op));
  queued();
}

bool Log::has_space() const { return maker_->has_space(); }

uint64_t Log::size_bytes() const { return segments_.size() * options_.segment_bytes; }

Durations Log::syncs() const { return writer_->syncs(); }

bool Log::fit_in_segment(std::span<const wire::Entry> entries, uint64_t reserve_bytes) const {
  uint64_t end = segments_.back().end_offset + reserve_bytes;
  for (const wire::Entry& entry : entries) end += record_bytes(wire::encoded_size(entry));
  return end <= segments_.back().header.size;
}

void Log::on_published() {
  if (failed_) return;
  const Writer::Published published = writer_->published();
  if (published.ticket > durable_ticket_) {
    durable_ticket_ = published.ticket;
    while (!pending_.empty() && pending_.front().ticket <= durable_ticket_) {
      durable_index_ = std::max(durable_index_, pending_.front().last_index);
      pending_.pop_front();
    }
    cache_->trim(durable_index_);
    if (hooks_.on_durable) hooks_.on_durable(durable_ticket_);
  }
  if (published.error) {
    failed_ = true;
    if (hooks_.on_failed) hooks_.on_failed(*published.error);
  }
}

}  // namespace tandem::storage

#include "storage/recovery.h"

#include <algorithm>

#include "storage/format_check.h"
#include "storage/log_format.h"
#include "wire/bytes.h"

namespace tandem::storage {
namespace {

// How many bytes of checksum the search behind a broken record may cost. Random bytes hardly ever
// pass the cheap tests before it; where this is used up the log counts as suspect.
constexpr uint64_t kSearchBytes = uint64_t{1} << 30;
// An index that is further ahead than this is no index.
constexpr uint64_t kPlausibleDistance = uint64_t{1} << 32;

struct FoundSegment {
  uint64_t first_index;
  std::string name;
  std::string path;
};

// Nothing of what is no file.
Status read_segment(Disk& disk, const FoundSegment& found, std::string& content) {
  Status read = read_file(disk, found.path, content);
  if (read || read.error().kind != ErrorKind::kCorrupt) return read;
  content.clear();
  return {};
}

bool all_zero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == '\0'; });
}

// Offset after the last byte that is not 0, `from` where there is none after it.
uint64_t last_not_zero(std::string_view bytes, uint64_t from) {
  const size_t last = bytes.find_last_not_of('\0');
  return last == std::string_view::npos || last < from ? from : last + 1;
}

class Recoverer {
 public:
  Recoverer(Disk& disk, const std::string& directory, size_t max_entry_bytes)
      : disk_(disk), directory_(directory), max_entry_bytes_(max_entry_bytes) {}

  Result<RecoveredLog> run() {
    if (Status known = check_log_formats(disk_, directory_); !known) return fail(known.error());
    if (Status listed = list_segments(); !listed) return fail(listed.error());
    if (Status read = read_promise(); !read) return fail(read.error());
    if (out_.fresh) return std::move(out_);
    if (out_.promise.pending == PendingChange::kReset) {
      for (const FoundSegment& found : found_) out_.remove.push_back(found.name);
    } else {
      if (found_.empty()) suspect("the log's segments are missing");
      if (Status walked = walk(); !walked) return fail(walked.error());
    }
    out_.recovery.promise = std::max({out_.recovery.promise, epoch_, out_.promise.pending_epoch});
    out_.promise.promise = out_.recovery.promise;
    return std::move(out_);
  }

 private:
  Status list_segments() {
    const auto names = disk_.list(directory_);
    if (!names) return fail(names.error());
    for (const std::string& name : *names) {
      uint64_t first_index = 0;
      if (parse_segment_name(name, first_index)) {
        found_.push_back({first_index, name, directory_ + "/" + name});
      }
    }
    std::sort(found_.begin(), found_.end(), [](const FoundSegment& a, const FoundSegment& b) {
      return a.first_index < b.first_index;
    });
    return {};
  }

  Status read_promise() {
    const Result<PromiseSlots> slots = read_promise_file(disk_, directory_);
    if (!slots && slots.error().kind == ErrorKind::kCorrupt) {
      suspect("the promise file is damaged: " + slots.error().message);
      return {};
    }
    if (!slots && slots.error().kind != ErrorKind::kNotFound) return fail(slots.error());
    if (!slots) {
      out_.fresh = found_.empty();
      if (!out_.fresh) suspect("the promise file is missing");
      return {};
    }
    if (slots->sequence == 0) suspect("both slots of the promise file are damaged");
    out_.promise = slots->state;
    out_.recovery.promise = slots->promise;
    out_.recovery.committed_epoch = slots->state.committed_epoch;
    out_.recovery.committed_index = slots->state.committed_index;
    out_.promise_sequence = slots->sequence;
    claimed_ = slots->state.synced_index;
    claimed_by_ = "the promise file";
    return {};
  }

  // Follows the chain from the first segment on until it ends or breaks.
  Status walk() {
    const bool cutting = out_.promise.pending == PendingChange::kCut;
    std::string content;
    for (size_t i = 0; i < found_.size(); ++i) {
      if (Status read = read_segment(disk_, found_[i], content); !read) return read;
      if (cutting && i > 0 && found_[i].first_index > out_.promise.pending_index) {
        return remove_from(i);  // what the interrupted cut would have removed
      }
      RecoveredSegment segment;
      if (!open_segment(found_[i], i == 0, content, segment)) {
        suspect("segment '" + found_[i].path + "' is damaged or does not follow the one before");
        return remove_from(i);
      }
      read_records(content, segment);
      const bool at_end = i + 1 == found_.size();
      const bool complete = !at_end && found_[i + 1].first_index == next_ &&
                            !(cutting && next_ >= out_.promise.pending_index);
      segment.dirty_end = last_not_zero(content, segment.end_offset);
      if (!complete) {
        if (cutting && next_ == out_.promise.pending_index) {
          out_.segments.push_back(std::move(segment));
          return remove_from(i + 1);
        }
        Status judged = judge(i, content, segment);
        out_.segments.push_back(std::move(segment));
        if (!judged) return judged;
        return remove_from(i + 1);
      }
      // Bytes behind the end of a complete segment are erased too: it becomes the last one where
      // the next one turns out to be damaged.
      out_.segments.push_back(std::move(segment));
    }
    return {};
  }

  Status remove_from(size_t i) {
    for (; i < found_.size(); ++i) out_.remove.push_back(found_[i].name);
    out_.recovery.cut_after_index = next_ == 0 ? 0 : next_ - 1;
    return {};
  }

  bool open_segment(const FoundSegment& found, bool first, std::string_view content,
                    RecoveredSegment& segment) {
    SegmentHeader header;
    if (!decode_segment_header(content.substr(0, kSegmentHeaderBytes), header) ||
        header.first_index != found.first_index || header.first_index == 0 ||
        header.size > kMaxSegmentBytes || content.size() > header.size) {
      return false;
    }
    if (!first && (header.first_index != next_ || header.chain_before != chain_ ||
                   header.epoch_before != epoch_)) {
      return false;
    }
    next_ = header.first_index;
    chain_ = header.chain_before;
    epoch_ = header.epoch_before;
    segment.first_index = header.first_index;
    segment.chain_before = header.chain_before;
    segment.epoch_before = header.epoch_before;
    segment.size_bytes = header.size;
    segment.short_file = content.size() < header.size;
    segment.end_offset = kSegmentHeaderBytes;
    return true;
  }

  void read_records(std::string_view content, RecoveredSegment& segment) {
    while (segment.end_offset < content.size()) {
      if (out_.promise.pending == PendingChange::kCut && next_ == out_.promise.pending_index)
        return;
      RecordView record;
      wire::Entry entry;
      if (!parse_record(content.substr(segment.end_offset), max_entry_bytes_, record)) return;
      wire::ByteReader reader(record.entry);
      if (!wire::decode_entry(reader, entry) || !reader.done() || entry.index != next_ ||
          entry.epoch < epoch_ || record.chain_before != chain_) {
        return;
      }
      chain_ = record.chain();
      epoch_ = entry.epoch;
      ++next_;
      if (entry.type == wire::EntryType::kOpen && !entry.payload.empty()) {
        out_.recovery.last_record = entry.payload;
      }
      segment.offsets.push_back(static_cast<uint32_t>(segment.end_offset));
      segment.chains.push_back(chain_);
      segment.epochs.push_back(epoch_);
      segment.end_offset += record_bytes(record.entry.size());
    }
  }

  // The chain ends in segment `i`: is this the end of the log, a torn tail, or lost data?
  Status judge(size_t i, std::string_view content, RecoveredSegment& segment) {
    const uint64_t end = segment.end_offset;
    const bool clean = all_zero(content.substr(std::min<uint64_t>(end, content.size())));
    if (!clean) search(content, end, found_[i].path);
    std::string bytes;
    for (size_t later = i + 1; later < found_.size(); ++later) {
      if (found_[later].first_index < next_) {
        suspect("segment '" + found_[later].path + "' overlaps the one before");
      }
      // A segment is made only when everything before it is durable.
      claim(found_[later].first_index - 1, "segment '" + found_[later].path + "'");
      if (Status read = read_segment(disk_, found_[later], bytes); !read) return read;
      search(bytes, kSegmentHeaderBytes, found_[later].path);
    }
    const std::string where = "'" + found_[i].path + "' at byte " + std::to_string(end);
    const bool end_is_visible = clean && content.size() >= end + kRecordHeaderBytes;
    if (claimed_ >= next_) {
      suspect("entry " + std::to_string(next_) + " is damaged or missing in " + where +
              " although it was durable, says " + claimed_by_);
    } else if (search_budget_ == 0) {
      suspect("too much is damaged after " + where + " to search all of it");
    } else if (segment.short_file && !end_is_visible) {
      suspect("segment '" + found_[i].path + "' has " + std::to_string(content.size()) +
              " bytes instead of " + std::to_string(segment.size_bytes));
    } else {
      out_.recovery.tail_was_torn = !clean;
    }
    out_.recovery.cut_bytes = segment.dirty_end - end;
    return {};
  }

  // Looks for good records, whatever their place in the chain, and remembers what they claim.
  void search(std::string_view content, uint64_t from, const std::string& path) {
    constexpr uint64_t kTypeAt = kRecordHeaderBytes;
    constexpr uint64_t kIndexAt = kTypeAt + 1;
    constexpr uint64_t kSmallest = kRecordHeaderBytes + kMinEntryBytes;
    from = (from + kRecordAlignment - 1) / kRecordAlignment * kRecordAlignment;
    for (uint64_t at = from; at + kSmallest <= content.size(); at += kRecordAlignment) {
      wire::ByteReader head(content.substr(at, kSmallest));
      const uint32_t length = head.u32();
      if (length < kMinEntryBytes || length > max_entry_bytes_) continue;
      head.u64();
      const uint64_t synced = head.u64();
      head = wire::ByteReader(content.substr(at + kTypeAt, kMinEntryBytes));
      const uint8_t type = head.u8();
      head = wire::ByteReader(content.substr(at + kIndexAt, 8));
      const uint64_t index = head.u64();
      if (type == 0 || type > 2 || index < next_ || index - next_ > kPlausibleDistance ||
          synced >= index || synced <= claimed_) {
        continue;
      }
      if (search_budget_ < length) {
        search_budget_ = 0;
        return;
      }
      search_budget_ -= length;
      RecordView record;
      if (parse_record(content.substr(at), max_entry_bytes_, record)) {
        claim(record.synced_index, "entry " + std::to_string(index) + " in '" + path + "'");
      }
    }
  }

  void claim(uint64_t index, const std::string& who) {
    if (index <= claimed_) return;
    claimed_ = index;
    claimed_by_ = who;
  }

  void suspect(const std::string& reason) {
    if (!out_.recovery.suspect) out_.recovery.suspect_reason = reason;
    out_.recovery.suspect = true;
  }

  // Larger than any segment anybody would configure: offsets are 32 bits.
  static constexpr uint64_t kMaxSegmentBytes = uint64_t{1} << 31;

  Disk& disk_;
  const std::string& directory_;
  size_t max_entry_bytes_;
  std::vector<FoundSegment> found_;
  RecoveredLog out_;
  uint64_t next_ = 0;  // index that the next record must have
  uint32_t chain_ = 0;
  uint64_t epoch_ = 0;
  uint64_t claimed_ = 0;  // the highest index that somebody says was durable
  std::string claimed_by_;
  uint64_t search_budget_ = kSearchBytes;
};

}  // namespace

Result<RecoveredLog> recover_log(Disk& disk, const std::string& directory, size_t max_entry_bytes) {
  return Recoverer(disk, directory, max_entry_bytes).run();
}

}  // namespace tandem::storage

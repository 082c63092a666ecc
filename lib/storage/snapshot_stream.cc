#include "storage/snapshot_stream.h"

#include "storage/snapshot_format.h"
#include "wire/crc32c.h"
#include "wire/sealed_text.h"

namespace tandem::storage {
namespace {

constexpr size_t kMaxLineBytes = size_t{64} << 20;  // longer than any row
// Every header begins so, whatever its version.
constexpr std::string_view kBegin = R"({"format":"tandem-snapshot-)";
constexpr std::string_view kTrailerBegin = R"({"rows":)";

std::string at_line(uint64_t number) { return "line " + std::to_string(number); }

}  // namespace

tl::unexpected<Error> SnapshotStream::damaged(const std::string& what) const {
  return fail(ErrorKind::kCorrupt, "it is damaged: " + what);
}

Result<size_t> SnapshotStream::add(std::string_view bytes) {
  size_t taken = 0;
  while (!whole_ && taken < bytes.size()) {
    const std::string_view rest = bytes.substr(taken);
    const size_t newline = rest.find('\n');
    line_ += rest.substr(0, newline);
    if (!header_ && !kBegin.starts_with(std::string_view(line_).substr(0, kBegin.size()))) {
      return fail(ErrorKind::kBadInput,
                  "it is no backup, or its header is damaged: it does not begin "
                  "with '" +
                      std::string(kBegin) + "1\"'");
    }
    if (line_.size() > kMaxLineBytes) {
      return damaged(at_line(lines_ + 1) + " is longer than 64 MiB");
    }
    if (newline == std::string_view::npos) {
      bytes_ += rest.size();
      return bytes.size();
    }
    taken += newline + 1;
    bytes_ += newline + 1;
    if (Status good = take_line(line_); !good) return fail(good.error());
    line_.clear();
  }
  return taken;
}

Status SnapshotStream::take_line(std::string_view line) {
  ++lines_;
  if (!header_) {
    if (Status good = take_header(line); !good) return good;
  } else {
    if (line.starts_with(kTrailerBegin)) {
      if (const auto trailer = decode_snapshot_trailer(line)) {
        return take_trailer(trailer->rows, trailer->crc);
      }
    }
    ++rows_;
    if (bad_line_ == 0 && rows_check_.check) {
      if (const Status good = rows_check_.check(line); !good) {
        bad_line_ = lines_;
        why_bad_ = good.error().message;
      }
    }
  }
  crc_ = wire::crc32c("\n", wire::crc32c(line, crc_));
  return {};
}

Status SnapshotStream::take_header(std::string_view line) {
  if (const Status known = check_snapshot_format(line, "the backup"); !known) {
    return fail(ErrorKind::kBadInput, known.error().message);
  }
  const wire::Seal seal = wire::seal_of(line);
  if (seal == wire::Seal::kWrong) return damaged("the checksum of its header, line 1, is wrong");
  auto header = decode_snapshot_header(line);
  if (!header) return damaged("line 1: " + header.error().message);
  header_ = std::move(*header);
  return {};
}

Status SnapshotStream::take_trailer(uint64_t rows, uint32_t crc) {
  const std::string row =
      bad_line_ == 0 ? std::string() : "; " + at_line(bad_line_) + ": " + why_bad_;
  if (crc != crc_) {
    return damaged("the checksum of lines 1 to " + std::to_string(lines_ - 1) + " is wrong" + row);
  }
  if (rows != rows_) {
    return damaged(at_line(lines_) + " tells of " + std::to_string(rows) + " rows, there are " +
                   std::to_string(rows_));
  }
  if (bad_line_ != 0) {
    return fail(ErrorKind::kBadInput, at_line(bad_line_) + " cannot be restored: " + why_bad_);
  }
  const Status all = rows_check_.finish ? rows_check_.finish() : Status();
  if (!all) {
    return fail(ErrorKind::kBadInput, "its rows cannot be restored: " + all.error().message);
  }
  whole_ = true;
  return {};
}

Status SnapshotStream::end() const {
  if (whole_) return {};
  if (bytes_ == 0) return fail(ErrorKind::kBadInput, "it is empty");
  const std::string row =
      bad_line_ == 0 ? std::string() : "; " + at_line(bad_line_) + ": " + why_bad_;
  if (line_.empty())
    return damaged("it ends after " + at_line(lines_) + ", without a trailer" + row);
  return damaged("it ends in the middle of " + at_line(lines_ + 1) + row);
}

}  // namespace tandem::storage

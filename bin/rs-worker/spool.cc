#include "spool.h"

#include <utility>

#include "db/export_format.h"
#include "file/file.h"
#include "repl/key_rules.h"

namespace tandem::worker {
namespace {

constexpr size_t kFlushBytes = size_t{256} << 10;
constexpr unsigned kMib = 20;

}  // namespace

Status Spool::write(repl::Picture picture, const std::function<bool()>& stopping) {
  const auto stopped = [&] { return stopping() || dropped_.load(std::memory_order_relaxed); };
  auto file = file::open_unnamed(directory_);
  if (!file) return fail(std::move(file.error()));
  file_ = std::move(*file);
  db::ExportWriter writer(group_, picture.index, picture.time_ms);
  std::string text;
  Status status;
  picture.rows->set_stopping(stopped);
  const bool all = picture.rows->write_rows([&](std::string_view row) {
    if (repl::is_key_row(row)) return !stopped();
    status = writer.add(row, text);
    if (status && text.size() >= kFlushBytes) {
      status = stopped() ? Status(fail(ErrorKind::kTimeout, "stopped")) : flush(text);
    }
    return status.has_value();
  });
  const Status read = picture.rows->failure();
  picture.rows.reset();  // freed here, where nobody waits for that
  if (!status) return status;
  if (stopped()) return fail(ErrorKind::kTimeout, "stopped");
  if (!all) {
    return fail(ErrorKind::kUnavailable, "the tables could not be read to their end" +
                                             (read ? std::string() : ": " + read.error().message));
  }
  if (Status finished = writer.finish(text); !finished) return finished;
  return flush(text);
}

Status Spool::flush(std::string& text) {
  const auto free = file::free_bytes(file_, directory_);
  if (!free) return fail(free.error());
  if (*free < spare_bytes_ + text.size()) {
    return fail(ErrorKind::kNoSpace, "the disk of this worker has no room for an export: " +
                                         std::to_string(*free >> kMib) + " MiB are free, " +
                                         std::to_string(spare_bytes_ >> kMib) +
                                         " MiB of them are kept for its log");
  }
  if (Status written = file::write_at(file_, size_, text, directory_); !written) return written;
  size_ += text.size();
  text.clear();
  return {};
}

Result<std::string> Spool::read(uint64_t offset, size_t max_bytes) const {
  std::string bytes;
  if (offset >= size_) return bytes;
  if (Status read = file::read_at(file_, offset, max_bytes, bytes, directory_); !read) {
    return fail(read.error());
  }
  return bytes;
}

}  // namespace tandem::worker

#include "replica/spool.h"

#include <utility>

#include "file/file.h"

namespace tandem::replica {
namespace {

constexpr size_t kFlushBytes = size_t{256} << 10;
constexpr unsigned kMib = 20;

}  // namespace

Status Spool::write(repl::Picture picture, SpoolForm& form, const std::function<bool()>& stopping) {
  const auto stopped = [&] { return stopping() || dropped_.load(std::memory_order_relaxed); };
  auto file = file::open_unnamed(directory_);
  if (!file) return fail(std::move(file.error()));
  file_ = std::move(*file);
  std::string text;
  Status status = form.begin(text);
  if (!status) return status;
  picture.rows->set_stopping(stopped);
  const bool all = picture.rows->write_rows([&](std::string_view row) {
    status = form.row(row, text);
    if (status && text.size() >= kFlushBytes) {
      status = stopped() ? Status(fail(ErrorKind::kTimeout, "stopped")) : flush(text, form.noun());
    }
    return status.has_value();
  });
  const Status read = picture.rows->failure();
  picture.rows.reset();  // freed here, where nobody waits for that
  if (!status) return status;
  if (stopped()) return fail(ErrorKind::kTimeout, "stopped");
  if (!all) {
    return fail(ErrorKind::kUnavailable, "the state could not be read to its end" +
                                             (read ? std::string() : ": " + read.error().message));
  }
  if (Status finished = form.finish(text); !finished) return finished;
  return flush(text, form.noun());
}

Status Spool::flush(std::string& text, std::string_view noun) {
  const auto free = file::free_bytes(file_, directory_);
  if (!free) return fail(free.error());
  if (*free < spare_bytes_ + text.size()) {
    return fail(ErrorKind::kNoSpace, "'" + directory_ + "' has no room for the " +
                                         std::string(noun) + ": " + std::to_string(*free >> kMib) +
                                         " MiB are free, " + std::to_string(spare_bytes_ >> kMib) +
                                         " MiB of them are kept for the log");
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

}  // namespace tandem::replica

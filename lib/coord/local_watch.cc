#include "coord/local_watch.h"

#include <utility>

#include "base/log.h"

namespace tandem::coord {
namespace {

// nullopt: still the version that was seen.
Result<std::optional<Versioned>> read_if_new(const RecordFiles& files,
                                             std::optional<uint64_t> seen_version) {
  if (!seen_version) {
    if (Status made = files.make_directories(); !made) return fail(made.error());
  } else {
    const Result<uint64_t> newest = files.peek();
    if (!newest) return fail(newest.error());
    if (*newest == *seen_version) return std::nullopt;
  }
  Result<Versioned> record = files.read();
  if (!record) return fail(record.error());
  if (record->version == seen_version) return std::nullopt;
  return std::move(*record);
}

}  // namespace

LocalWatch::LocalWatch(loop::Loop& loop, RecordFiles files, uint64_t poll_ms,
                       UniqueFunction<void(const Versioned&)> on_change)
    : files_(std::move(files)),
      on_change_(std::move(on_change)),
      jobs_(loop),
      watch_(loop, [this] { look(); }),
      poll_(loop, [this] { look(); }) {
  poll_.start(poll_ms, poll_ms);
  look();
}

void LocalWatch::look() {
  if (looking_) {
    again_ = true;
    return;
  }
  looking_ = true;
  again_ = false;
  jobs_.run<Result<std::optional<Versioned>>>(
      [files = files_, seen = seen_version_] { return read_if_new(files, seen); },
      [this](Result<std::optional<Versioned>> found) { on_looked(std::move(found)); });
}

void LocalWatch::on_looked(Result<std::optional<Versioned>> found) {
  looking_ = false;
  if (!found) {
    // Said once; the poll goes on.
    if (!std::exchange(failing_, true)) {
      log::warning("cannot watch the record", {{"error", found.error().message}});
    }
    return;
  }
  failing_ = false;
  if (!watching_) {
    // What changed between the look and this is found by looking once more.
    watching_ = watch_.start(files_.record_directory()).has_value();
    again_ = again_ || watching_;
  }
  if (again_) look();
  if (!*found) return;
  if ((*found)->damage.empty()) seen_version_ = (*found)->version;
  on_change_(**found);  // last: it may destroy this
}

}  // namespace tandem::coord

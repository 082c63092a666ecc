#include "coord/local_watch.h"

#include <optional>
#include <utility>

#include "base/log.h"
#include "coord/job_queue.h"
#include "coord/member_files.h"

namespace tandem::coord {
namespace {

template <typename T>
class LocalWatch final : public Watch {
 public:
  // What is there now, on a pool thread; nullopt: what was seen.
  using Look = std::function<Result<std::optional<T>>(const std::optional<T>& seen)>;

  LocalWatch(loop::Loop& loop, std::string directory, uint64_t poll_ms, Look read,
             UniqueFunction<void(const T&)> on_change)
      : directory_(std::move(directory)),
        read_(std::move(read)),
        on_change_(std::move(on_change)),
        jobs_(loop),
        watch_(loop, [this] { look(); }),
        poll_(loop, [this] { look(); }) {
    poll_.start(poll_ms, poll_ms);
    look();
  }

 private:
  void look() {
    if (looking_) {
      again_ = true;
      return;
    }
    looking_ = true;
    again_ = false;
    jobs_.run<Result<std::optional<T>>>(
        [read = read_, seen = seen_] { return read(seen); },
        [this](Result<std::optional<T>> found) { on_looked(std::move(found)); });
  }

  void on_looked(Result<std::optional<T>> found) {
    looking_ = false;
    if (!found) {
      // Said once; the poll goes on.
      if (!std::exchange(failing_, true)) {
        log::warning("cannot watch coordination",
                     {{"directory", directory_}, {"error", found.error().message}});
      }
      return;
    }
    failing_ = false;
    if (!watching_) {
      // What changed between the look and this is found by looking once more.
      watching_ = watch_.start(directory_).has_value();
      again_ = again_ || watching_;
    }
    if (*found) seen_ = **found;
    if (again_) look();
    if (*found) on_change_(**found);  // last: it may destroy this
  }

  const std::string directory_;
  const Look read_;
  UniqueFunction<void(const T&)> on_change_;
  std::optional<T> seen_;
  bool watching_ = false;
  bool looking_ = false;
  bool again_ = false;  // something happened during a look
  bool failing_ = false;
  JobQueue jobs_;
  loop::FileWatch watch_;
  loop::Timer poll_;
};

}  // namespace

std::unique_ptr<Watch> watch_local_record(loop::Loop& loop, const RecordFiles& files,
                                          uint64_t poll_ms,
                                          UniqueFunction<void(const Versioned&)> on_change) {
  const auto look =
      [files](const std::optional<Versioned>& seen) -> Result<std::optional<Versioned>> {
    if (!seen) {
      if (Status made = files.make_directories(); !made) return fail(made.error());
    } else if (seen->damage.empty()) {
      const Result<uint64_t> newest = files.peek();
      if (!newest) return fail(newest.error());
      if (*newest == seen->version) return std::nullopt;
    }
    Result<Versioned> record = files.read();
    if (!record) return fail(record.error());
    // A damaged one is told again and again.
    if (seen && seen->damage.empty() && record->version == seen->version) return std::nullopt;
    return std::move(*record);
  };
  return std::make_unique<LocalWatch<Versioned>>(loop, files.record_directory(), poll_ms, look,
                                                 std::move(on_change));
}

std::unique_ptr<Watch> watch_local_members(
    loop::Loop& loop, const RecordFiles& files, const std::string& directory, uint64_t poll_ms,
    UniqueFunction<void(const std::vector<Member>&)> on_change) {
  using Members = std::vector<Member>;
  const auto look =
      [files, directory](const std::optional<Members>& seen) -> Result<std::optional<Members>> {
    if (!seen) {
      if (Status made = files.make_directories(); !made) return fail(made.error());
    }
    Result<Members> members = read_members(directory);
    if (!members) return fail(members.error());
    if (seen == *members) return std::nullopt;
    return std::move(*members);
  };
  return std::make_unique<LocalWatch<Members>>(loop, directory, poll_ms, look,
                                               std::move(on_change));
}

}  // namespace tandem::coord

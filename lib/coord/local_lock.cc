#include "coord/local_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/log.h"
#include "file/directories.h"
#include "file/file.h"
#include "wire/sealed_text.h"

namespace tandem::coord {
namespace {

constexpr uint64_t kFirstRetryMs = 1;

Status write_holder(const file::Descriptor& file, const std::string& path, std::string_view text) {
  // In one write: a reader sees the text before, this one, or a wrong checksum.
  if (pwrite(file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()) ||
      ftruncate(file.get(), static_cast<off_t>(text.size())) != 0) {
    return fail_errno("cannot write to '" + path + "'", errno);
  }
  return {};
}

}  // namespace

// --- CloseWatch ---

Status CloseWatch::start(const std::string& path) {
  poll_.reset();
  inotify_ = file::Descriptor(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify_ || inotify_add_watch(inotify_.get(), path.c_str(),
                                     IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVE_SELF) < 0) {
    const int error = errno;
    inotify_.reset();
    return fail_errno("cannot watch '" + path + "'", error);
  }
  poll_ = std::make_unique<loop::Poll>(loop_, inotify_.get(), [this](int) { on_readable(); });
  poll_->start(UV_READABLE);
  return {};
}

void CloseWatch::on_readable() {
  alignas(inotify_event) char buffer[4096];
  while (read(inotify_.get(), buffer, sizeof buffer) > 0) {
  }
  on_event_();
}

// --- LocalLock ---

LocalLock::LocalLock(loop::Loop& loop, std::string root, std::string directory,
                     const std::string& name, const std::string& holder, uint64_t poll_ms,
                     LockCallbacks callbacks, UniqueFunction<void(const std::string&)> on_trouble)
    : root_(std::move(root)),
      directory_(std::move(directory)),
      path_(directory_ + "/" + name),
      holder_(wire::seal_text(holder)),
      poll_ms_(poll_ms),
      callbacks_(std::move(callbacks)),
      on_trouble_(std::move(on_trouble)),
      jobs_(loop),
      retry_(loop, [this] { on_event(); }),
      watch_(loop, [this] {
        retry_ms_ = kFirstRetryMs;
        on_event();
      }) {
  attempt();
}

void LocalLock::attempt() {
  attempting_ = true;
  again_ = false;
  jobs_.run<Result<Attempt>>(
      [root = root_, directory = directory_, path = path_, holder = holder_,
       file = std::move(file_)]() mutable -> Result<Attempt> {
        if (Status there = file::directory_is_there(root); !there) {
          return fail(ErrorKind::kNotFound, there.error().message);
        }
        if (Status made = file::make_directories(directory); !made) return fail(made.error());
        while (true) {
          if (!file || !file::names_same_file(path, file)) {
            auto opened = file::open_regular(path, O_RDWR | O_CREAT);
            if (!opened) return fail(opened.error());
            file = std::move(*opened);
          }
          const Result<bool> locked = file::try_flock(file, LOCK_EX, path);
          if (!locked) return fail(locked.error());
          if (!*locked) return Attempt{std::move(file), false};
          // Locked a file that was replaced between open and lock: that one proves nothing.
          if (!file::names_same_file(path, file)) continue;
          if (Status wrote = write_holder(file, path, holder); !wrote) return fail(wrote.error());
          return Attempt{std::move(file), true};
        }
      },
      [this](Result<Attempt> result) { on_attempted(std::move(result)); });
}

void LocalLock::on_attempted(Result<Attempt> result) {
  attempting_ = false;
  if (stopped_) return;
  if (!result && result.error().kind == ErrorKind::kNotFound) return lose(result.error());
  // Whoever waits for a lock waits for the disk, and for who puts right what is in the way.
  set_trouble(result ? std::string() : result.error().message);
  if (!result) {
    retry_.start(poll_ms_);
    return;
  }
  file_ = std::move(result->file);
  const bool first = retry_ms_ == kFirstRetryMs;
  if (result->locked) {
    held_ = true;
    watch();
    retry_.start(poll_ms_, poll_ms_);
    if (callbacks_.on_acquired) callbacks_.on_acquired();
    return;
  }
  if (first) watch();
  if (again_) return attempt();
  // The kernel tells of the close before it frees the lock, so the first try after an event may
  // come too early: a few quick ones, then slow ones for what inotify missed.
  retry_.start(std::min(retry_ms_, poll_ms_));
  retry_ms_ = std::min(retry_ms_ * 2, poll_ms_);
}

void LocalLock::watch() {
  const Status watching = watch_.start(path_);
  if (!watching) log::debug("lock is polled", {{"error", watching.error().message}});
}

void LocalLock::on_event() {
  if (stopped_) return;
  if (held_) {
    if (!file::names_same_file(path_, file_)) {
      lose({ErrorKind::kBusy, "lock file '" + path_ + "' was taken away"});
    }
    return;
  }
  if (attempting_) {
    again_ = true;
    return;
  }
  attempt();
}

void LocalLock::lose(const Error& error) {
  held_ = false;
  retry_.stop();
  file_.reset();
  set_trouble({});
  stopped_ = error.kind == ErrorKind::kNotFound;
  if (!stopped_) attempt();  // its completion comes later
  if (callbacks_.on_lost) callbacks_.on_lost(error);
}

void LocalLock::release(UniqueFunction<void()> done) {
  held_ = false;
  stopped_ = true;
  retry_.stop();
  file_.reset();  // of an attempt that is under way when that is done
  set_trouble({});
  done();
}

void LocalLock::set_trouble(const std::string& trouble) {
  if (std::exchange(trouble_, trouble) == trouble) return;
  if (!trouble.empty()) log::warning("a lock cannot be taken now", {{"error", trouble}});
  on_trouble_(trouble);
}

Result<std::optional<std::string>> read_lock_holder(const std::string& path) {
  const Result<file::Descriptor> file = file::open_regular(path, O_RDONLY);
  if (!file && file.error().kind == ErrorKind::kNotFound) return std::nullopt;
  if (!file) return fail(file.error());
  const Result<bool> free = file::try_flock(*file, LOCK_SH, path);
  if (!free) return fail(free.error());
  if (*free) return std::nullopt;
  const auto content = file::read_if_there(path);
  if (!content) return fail(content.error());
  const std::string sealed = content->value_or("");
  const auto text = wire::unseal_text(sealed);
  if (!text) {
    return fail(ErrorKind::kUnavailable, "the holder of '" + path + "' has not said who it is yet");
  }
  return std::string(*text);
}

}  // namespace tandem::coord

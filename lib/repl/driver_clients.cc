// Driver: what clients want, writes and reads.
#include <algorithm>
#include <utility>

#include "repl/driver.h"

namespace tandem::repl {
namespace {

constexpr size_t kEntryOverhead = 256;  // of an entry beside its command and its key

int64_t nanoseconds(uint32_t ms) { return int64_t{ms} * 1'000'000; }

}  // namespace

void Driver::write(std::string command, std::string_view key, uint32_t budget_ms,
                   Writers::Done done) {
  if (!takes_writes()) {
    done(fail(ErrorKind::kUnavailable, "this replica does not take writes"));
    return;
  }
  if (const std::string trouble = around_.applier.trouble(); !trouble.empty()) {
    done(fail(ErrorKind::kUnavailable, trouble));
    return;
  }
  if (writers_.size() >= limits_.max_writers) {
    done(fail(ErrorKind::kUnavailable, "too many writes wait"));
    return;
  }
  if (command.size() + key.size() + kEntryOverhead > limits_.max_entry_bytes) {
    done(fail(ErrorKind::kTooLarge, "the write has more bytes than an entry of the log may have"));
    return;
  }
  if (!around_.log.has_space()) {
    done(fail(ErrorKind::kNoSpace, "no space left on the disk of the log"));
    return;
  }
  // Whoever asks: what is in the log has to be applied, kept and read back for ever.
  if (Status good = around_.applier.admit(command, key); !good) {
    done(fail(std::move(good.error())));
    return;
  }
  Propose event;
  event.wall_ms = around_.clock.wall_ms();
  event.request_id = key;
  event.payload = std::move(command);
  step(std::move(event));
  writers_.add(core_->last_index(), now_ns() + nanoseconds(budget_ms), std::move(done));
}

void Driver::picture(UniqueFunction<void(Result<Picture>)> done) {
  if (stopping_ || begins() || incoming_.installing()) {
    return done(fail(ErrorKind::kUnavailable, "this replica is not ready"));
  }
  around_.applier.picture(
      [index = applied_, done = std::move(done)](Result<Picture> picture) mutable {
        // An engine may have gone back meanwhile.
        if (picture && picture->index < index) {
          return done(fail(ErrorKind::kUnavailable, "the state is an older one by now"));
        }
        done(std::move(picture));
      });
}

void Driver::when_readable(wire::Consistency consistency, uint64_t min_index, uint32_t budget_ms,
                           Readers::Done done) {
  if (stopping_ || incoming_.installing() || begins()) {
    done(fail(ErrorKind::kUnavailable, "this replica is not ready"));
    return;
  }
  if (readers_.size() + index_waiters_.size() >= limits_.max_readers) {
    done(fail(ErrorKind::kUnavailable, "too many reads wait"));
    return;
  }
  // Sampled after the request was there: a lease that was good before proves nothing.
  const int64_t now = planted(Bug::kClockBeforeRequest) && dirty_ ? turn_began_ns_ : now_ns();
  const int64_t deadline = now + nanoseconds(budget_ms);
  if (consistency == wire::Consistency::kEventual || consistency == wire::Consistency::kSession) {
    if (!has_state_) {
      done(fail(ErrorKind::kUnavailable, "this replica has no data yet"));
      return;
    }
    const bool waits =
        consistency == wire::Consistency::kSession && !planted(Bug::kIgnoreSessionIndex);
    read_at(waits ? min_index : 0, deadline, std::move(done));
    return;
  }
  const auto index = core_->read_index(now);
  if (index) {
    read_linearizable(min_index, *index, deadline, std::move(done));
    return;
  }
  const uint64_t token =
      index_waiters_.add(IndexWaiters::Waiting{min_index, deadline, std::move(done)});
  step(FindIndex{token, deadline});
}

void Driver::when_logged_is_readable(uint32_t budget_ms, Readers::Done done) {
  const int64_t deadline = now_ns() + nanoseconds(budget_ms);
  when_readable(wire::Consistency::kLinearizable, 0, budget_ms,
                [this, logged = logged_index(), deadline,
                 done = std::move(done)](const Status& status) mutable {
                  if (!status) return done(status);
                  read_at(logged, deadline, std::move(done));
                });
}

void Driver::index_found(const IndexFound& found) {
  auto waiting = index_waiters_.take(found.token);
  if (!waiting) return;
  read_linearizable(waiting->min_index, found.index, waiting->deadline_ns,
                    std::move(waiting->done));
}

// Up to `index` there is everything that was ever answered: a later one was not given out here.
void Driver::read_linearizable(uint64_t min_index, Index index, int64_t deadline_ns,
                               Readers::Done done) {
  if (min_index <= index) return read_at(index, deadline_ns, std::move(done));
  done(fail(ErrorKind::kBadInput, "X-Db-Index " + std::to_string(min_index) +
                                      " is beyond the last index there is, " +
                                      std::to_string(index)));
}

void Driver::read_at(Index index, int64_t deadline_ns, Readers::Done done) {
  if (planted(Bug::kReadWithoutWaiting)) index = 0;
  // Whatever was read here before is read again.
  index = std::max(index, seen_applied_);
  if (incoming_.installing()) {
    done(fail(ErrorKind::kUnavailable, "the state is being replaced: ask again"));
  } else if (applied_ >= index) {
    done({});
  } else {
    readers_.add(index, deadline_ns, std::move(done));
    wake_when_due();
  }
}

}  // namespace tandem::repl

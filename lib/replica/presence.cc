// Driver: how others find this replica. It registers, and looks after what makes it findable.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "loop/process.h"
#include "replica/driver.h"
#include "replica/log_adapter.h"

namespace tandem::replica {
namespace {

constexpr uint64_t kRegisterAgainMs = 500;

// Of coordination: not a mistake in somebody's configuration.
bool may_pass(ErrorKind kind) {
  return kind == ErrorKind::kNoSpace || kind == ErrorKind::kExhausted || kind == ErrorKind::kIo ||
         kind == ErrorKind::kUnavailable;
}

}  // namespace

coord::Member Driver::own_member() const {
  coord::Member member;
  member.id = options_.id;
  member.storage_id = identity_.storage_id;
  member.session = session_;
  member.address = address_;
  member.pid = getpid();
  const auto identity = loop::process_identity(getpid());
  if (identity) {
    member.start_ticks = identity->start_ticks;
    member.boot_id = identity->boot_id;
  }
  // Absolute: who reads it may run in another directory.
  std::error_code error;
  const auto path = std::filesystem::absolute(lock_->lock_path(), error);
  member.lock_path = error ? lock_->lock_path() : path.lexically_normal().string();
  member.lock_device = lock_->lock_device();
  member.lock_inode = lock_->lock_inode();
  return member;
}

// Coordination that cannot be written to now is waited for: this replica has its data, and its end
// would help nobody.
void Driver::register_self(UniqueFunction<void(Status)> done) {
  coord_.register_member(
      options_.group, own_member(),
      [self = self_, done = std::move(done)](Status registered) mutable {
        if (*self == nullptr) return;
        Driver& driver = **self;
        if (driver.draining_) return;
        if (registered) {
          driver.on_registered();
        } else if (may_pass(registered.error().kind)) {
          log::warning("cannot register: tried again", {{"error", registered.error().message}});
          driver.register_again_ = std::make_unique<loop::Timer>(
              driver.loop_, [&driver, done = std::move(done)]() mutable {
                driver.register_self(std::move(done));
              });
          driver.register_again_->start(kRegisterAgainMs);
          return;
        }
        done(std::move(registered));
      });
}

void Driver::on_registered() {
  registered_ = true;
  read_record();
  watch_ = coord_.watch_record(options_.group, [self = self_](const coord::Versioned& record) {
    if (*self != nullptr) (*self)->record_was_read(record, 0);
  });
  refresh_members();
}

// Somebody may have cleaned up: what makes this process findable is made again. Where its directory
// is gone, or somebody else may have it, there is nothing to go on with.
void Driver::stay_findable() {
  if (!lock_->still_ours()) {
    const Status taken = lock_->take_again();
    if (!taken) daemon::die(taken.error());
    log::warning("the lock's file was removed: it is made again",
                 {{"directory", options_.directory}});
    if (registered_ && !draining_) enter_registry();
    return;
  }
  if (!registered_ || draining_) return;
  coord_.members(options_.group, [self = self_](const Result<std::vector<coord::Member>>& members) {
    if (*self == nullptr || !members || (*self)->draining_) return;
    Driver& driver = **self;
    const bool there = std::any_of(members->begin(), members->end(), [&](const auto& member) {
      return member.id == driver.options_.id;
    });
    if (there) return;
    log::warning("the registry's entry of this replica was removed: it is made again",
                 {{"group", driver.options_.group}, {"id", driver.options_.id}});
    driver.enter_registry();
  });
}

void Driver::enter_registry() {
  coord_.register_member(options_.group, own_member(), [](const Status& entered) {
    if (!entered) log::warning("cannot register", {{"error", entered.error().message}});
  });
}

}  // namespace tandem::replica

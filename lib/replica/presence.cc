// Host: how others find this replica. It registers, and looks after what makes it findable.
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "daemon/daemon.h"
#include "loop/process.h"
#include "replica/host.h"

namespace tandem::replica {
namespace {

constexpr uint64_t kRegisterAgainMs = 500;

// Of coordination: not a mistake in somebody's configuration.
bool may_pass(ErrorKind kind) {
  return kind == ErrorKind::kNoSpace || kind == ErrorKind::kExhausted || kind == ErrorKind::kIo ||
         kind == ErrorKind::kUnavailable || kind == ErrorKind::kTimeout ||
         kind == ErrorKind::kUnknown;
}

}  // namespace

coord::Member Host::own_member() const {
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

Status Host::readiness() const {
  if (std::string trouble = applier_.trouble(); !trouble.empty()) {
    return fail(ErrorKind::kUnavailable, std::move(trouble));
  }
  if (driver_->begins()) return fail(ErrorKind::kUnavailable, "its state is being made ready");
  if (registered_) return {};
  return fail(ErrorKind::kUnavailable, "it is not registered in its group yet");
}

// Coordination that cannot be written to now is waited for: this replica has its data, and its end
// would help nobody.
void Host::register_self(UniqueFunction<void(Status)> done) {
  coord_.register_member(
      options_.group, own_member(),
      [self = self_.ref(), done = std::move(done)](Status registered) mutable {
        if (!self) return;
        Host& host = *self;
        if (host.draining_) return;
        if (registered) {
          host.on_registered();
        } else if (may_pass(registered.error().kind) || !host.coord_.trouble().empty()) {
          host.cannot_register(registered.error());
          host.register_again_ = std::make_unique<loop::Timer>(
              host.loop_,
              [&host, done = std::move(done)]() mutable { host.register_self(std::move(done)); });
          host.register_again_->start(kRegisterAgainMs);
          return;
        }
        done(std::move(registered));
      });
}

void Host::cannot_register(const Error& error) {
  if (std::exchange(told_register_, error.message) == error.message) return;
  log::warning("cannot register: tried again", {{"error", error.message}});
}

std::string Host::waits_for() const {
  std::string trouble = applier_.trouble();
  return trouble.empty() && !registered_ ? coord_.trouble() : trouble;
}

void Host::on_registered() {
  registered_ = true;
  if (!std::exchange(told_register_, {}).empty()) log::info("registered after all");
  driver_->registered();
  watch_ =
      coord_.watch_record(options_.group, [self = self_.ref()](const coord::Versioned& version) {
        if (!self) return;
        if (const auto record = self->parse(version)) self->driver_->record_seen(*record);
      });
  members_watch_ = coord_.watch_members(
      options_.group, [self = self_.ref()](const std::vector<coord::Member>& members) {
        if (self) self->take_members(members);
      });
}

// Where coordination was emptied or went back to an earlier state its own entry is missing, or that
// of a former life is there instead: it is made again. That of another directory is another
// replica's, which somebody has given the same number.
void Host::take_members(const std::vector<coord::Member>& members) {
  const coord::Member own = own_member();
  bool former = false;
  bool there = false;
  for (const coord::Member& member : members) {
    if (member.id != options_.id) {
      peers_->set_address(member.id, member.address);
      continue;
    }
    there = true;
    former = member.session != session_ && member.lock_device == own.lock_device &&
             member.lock_inode == own.lock_inode && member.lock_path == own.lock_path &&
             member.boot_id == own.boot_id;
  }
  if ((there && !former) || draining_) return;
  log::warning(former ? "the registry shows a former life of this replica: its entry is made again"
                      : "the registry's entry of this replica was removed: it is made again",
               {{"group", options_.group}, {"id", options_.id}});
  enter_registry();
}

// Somebody may have cleaned up: what makes this process findable is made again. Where its directory
// is gone, or somebody else may have it, there is nothing to go on with.
void Host::stay_findable() {
  if (!lock_->still_ours()) {
    const Status taken = lock_->take_again();
    if (!taken) daemon::die(taken.error());
    log::warning("the lock's file was removed: it is made again",
                 {{"directory", options_.directory}});
    if (registered_ && !draining_) enter_registry();
  }
}

void Host::enter_registry() {
  coord_.register_member(options_.group, own_member(), [self = self_.ref()](const Status& entered) {
    if (!self || self->draining_) return;
    if (entered) return self->told_register_.clear();
    self->cannot_register(entered.error());
    self->register_again_ = std::make_unique<loop::Timer>(self->loop_, [self] {
      if (self && !self->draining_) self->enter_registry();
    });
    self->register_again_->start(kRegisterAgainMs);
  });
}

}  // namespace tandem::replica
